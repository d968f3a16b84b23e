//! Connections without sockets: bytes in, a readable account of every request and refusal out. Each step checks what holds
//! for any input: nothing is consumed that was not given, and `need` asks for more than is here.

use ringstone_protocol::memcache::admin::Admin;
use ringstone_protocol::memcache::key::{Key, KeyRoom};
use ringstone_protocol::memcache::meta::{self, Options, Target};
use ringstone_protocol::memcache::text::{self, BodyHead, Request, StoreHead, StoreMode};
use ringstone_protocol::resp::parse::{self as resp, Args, BulkHeader, Operands, Progress};

/// What one connection has received and understood.
pub trait Session: Default {
    /// Takes bytes; gives an account of what they complete.
    fn feed(&mut self, bytes: &[u8]) -> Vec<String>;
    /// Whether the protocol closed the connection.
    fn closed(&self) -> bool;

    /// The account of a whole stream received in pieces of these sizes, the last one taking the rest.
    fn account(stream: &[u8], sizes: &mut dyn Iterator<Item = usize>) -> Vec<String> {
        let mut session = Self::default();
        let mut account = Vec::new();
        let mut rest = stream;
        while !rest.is_empty() && !session.closed() {
            let (piece, after) = rest.split_at(sizes.next().unwrap_or(rest.len()).clamp(1, rest.len()));
            account.extend(session.feed(piece));
            rest = after;
        }
        account
    }
}

/// Small, so that every way of receiving a value is taken.
pub const TEXT_LIMITS: text::Limits = text::Limits { max_value_size: 1000, large_value: 100 };
/// Ditto.
pub const RESP_LIMITS: resp::Limits =
    resp::Limits { max_arguments: 1000, max_bulk: 100_000, large_value: 100, max_inline: 64 * 1024 };

/// A connection that speaks memcached's classic text.
#[derive(Default)]
pub struct TextSession {
    buffer: Vec<u8>,
    discard: u64,
    large: Option<(String, usize)>,
    closed: bool,
}

/// One step over the front of a buffer.
enum Step {
    /// Bytes to drop and what to tell.
    Took(usize, Option<String>),
    /// More is needed.
    Wait,
}

/// The short ways to the commonest requests lead where the long one does.
fn plain_is_as_parsed(input: &[u8], parsed: &text::Parsed<'_>) {
    if let Some((keys, consumed)) = text::plain_get(input) {
        let request = Request::Get { keys, cas: false };
        assert_eq!(text::Parsed::Request { request, consumed }, *parsed, "{}", input.escape_ascii());
    }
    if let Some((head, value, consumed)) = text::plain_set(input, &TEXT_LIMITS) {
        let request = Request::Store { head, value };
        assert_eq!(text::Parsed::Request { request, consumed }, *parsed, "{}", input.escape_ascii());
    }
}

impl TextSession {
    fn step(&mut self) -> Step {
        if self.discard > 0 {
            let skipped = self.buffer.len().min(usize::try_from(self.discard).unwrap());
            self.discard -= skipped as u64;
            return if skipped == 0 { Step::Wait } else { Step::Took(skipped, None) };
        }
        if let Some((head, length)) = self.large.take() {
            if self.buffer.len() < length + 2 {
                self.large = Some((head, length));
                return Step::Wait;
            }
            let ended = &self.buffer[length..length + 2] == b"\r\n";
            let value = self.buffer[..length].escape_ascii();
            let told = if ended { format!("{head}: {value}") } else { refusal(&head, "CLIENT_ERROR bad data chunk") };
            return Step::Took(length + 2, Some(told));
        }
        self.parse()
    }

    fn parse(&mut self) -> Step {
        let parsed = text::parse(&self.buffer, &TEXT_LIMITS);
        plain_is_as_parsed(&self.buffer, &parsed);
        match parsed {
            text::Parsed::Request { request, consumed } => Step::Took(consumed, Some(describe(&request))),
            text::Parsed::Body { head, length, consumed } => {
                assert!((TEXT_LIMITS.large_value..=TEXT_LIMITS.max_value_size).contains(&length));
                assert!(self.buffer.len() < consumed + length + 2, "the body is here, so it is no large one");
                self.large = Some((describe_body_head(&head), length));
                Step::Took(consumed, None)
            }
            text::Parsed::Incomplete { need } => {
                assert!(need == 0 || need > self.buffer.len());
                Step::Wait
            }
            text::Parsed::TooLarge { head, consumed, discard } => {
                self.discard = discard;
                let mut told = if head.is_silent() {
                    "!".to_owned()
                } else {
                    "! SERVER_ERROR object too large for cache".to_owned()
                };
                if let Some(key) = head.removed_key() {
                    told += &format!(" remove {}", describe_key(key));
                }
                Step::Took(consumed, Some(told))
            }
            text::Parsed::Refused { reply, consumed, discard, close } => {
                assert!(reply.is_empty() || reply.ends_with(b"\r\n"));
                let mut told = "!".to_owned();
                if !reply.is_empty() {
                    told += &format!(" {}", reply.trim_ascii_end().escape_ascii());
                }
                if close {
                    told += " close";
                }
                self.discard = discard;
                self.closed = close;
                Step::Took(consumed, Some(told))
            }
        }
    }
}

impl Session for TextSession {
    fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        self.buffer.extend_from_slice(bytes);
        let mut account = Vec::new();
        while !self.closed && !self.buffer.is_empty() {
            let Step::Took(consumed, told) = self.step() else { break };
            assert!(0 < consumed && consumed <= self.buffer.len());
            self.buffer.drain(..consumed);
            account.extend(told);
        }
        account
    }

    fn closed(&self) -> bool {
        self.closed
    }
}

/// A refusal of a body, silent as its head asks.
fn refusal(head: &str, reply: &str) -> String {
    if head.ends_with("noreply") { "!".to_owned() } else { format!("! {reply}") }
}

fn describe_head(head: &StoreHead<'_>) -> String {
    assert!((1..=text::MAX_KEY).contains(&head.key.len()) && !head.key.contains(&b' '));
    let mode = match head.mode {
        StoreMode::Set => "set".to_owned(),
        StoreMode::Add => "add".to_owned(),
        StoreMode::Replace => "replace".to_owned(),
        StoreMode::Append => "append".to_owned(),
        StoreMode::Prepend => "prepend".to_owned(),
        StoreMode::Cas(cas) => format!("cas {cas}"),
    };
    let noreply = if head.noreply { " noreply" } else { "" };
    format!("{mode} {} {} {}{noreply}", head.key.escape_ascii(), head.flags, head.exptime)
}

fn describe_body_head(head: &BodyHead<'_>) -> String {
    match head {
        BodyHead::Store(head) => describe_head(head),
        BodyHead::Meta(target) => describe_target("ms", *target),
    }
}

/// A key in the words of a client: what it stands for, with a mark if it came in base64.
fn describe_key(key: Key<'_>) -> String {
    let mut room: KeyRoom = [0; _];
    let bytes = key.bytes(&mut room);
    assert!((1..=text::MAX_KEY).contains(&bytes.len()) && (1..=text::MAX_KEY).contains(&key.sent().len()));
    assert!(key.is_encoded() || bytes == key.sent());
    format!("{}{}", bytes.escape_ascii(), if key.is_encoded() { " (base64)" } else { "" })
}

/// A meta command, its key, its flags as they stand and what they say.
fn describe_target(command: &str, target: Target<'_>) -> String {
    let flags: Vec<String> =
        target.flags.map(|flag| format!(" {}{}", flag.letter.escape_ascii(), flag.token.escape_ascii())).collect();
    let options = target.flags.options();
    assert_eq!(meta::Flags::of_validated(target.flags.as_bytes()), target.flags);
    assert!(command != "ms" || options.set_mode().is_some());
    assert!(command != "ma" || options.decrements().is_some());
    assert!(flags.len() + 2 <= meta::MAX_WORDS);
    format!("{command} {}{}{}", describe_key(target.key), flags.concat(), describe_options(&options))
}

/// What the flags say beyond the default.
fn describe_options(options: &Options) -> String {
    let said = format!("{options:?}");
    let default = format!("{:?}", Options::default());
    let fields = |text: &str| {
        text.trim_start_matches("Options { ").trim_end_matches(" }").split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    let other: Vec<String> =
        fields(&said).into_iter().zip(fields(&default)).filter(|(a, b)| a != b).map(|(a, _)| a).collect();
    if other.is_empty() { String::new() } else { format!(" {{{}}}", other.join(", ")) }
}

fn describe_meta(request: &meta::Request<'_>) -> String {
    match *request {
        meta::Request::Get(target) => describe_target("mg", target),
        meta::Request::Set { target, value } => format!("{}: {}", describe_target("ms", target), value.escape_ascii()),
        meta::Request::Delete(target) => describe_target("md", target),
        meta::Request::Arithmetic(target) => describe_target("ma", target),
        meta::Request::Debug(key) => format!("me {}", describe_key(key)),
        meta::Request::NoOp => "mn".to_owned(),
    }
}

fn describe_keys(keys: text::Keys<'_>) -> String {
    keys.map(|key| {
        assert!((1..=text::MAX_KEY).contains(&key.len()) && !key.contains(&b' '));
        format!(" {}", key.escape_ascii())
    })
    .collect()
}

/// A request in words: its command, its arguments, ` noreply`, `: ` and a value.
pub fn describe(request: &Request<'_>) -> String {
    let silent = |noreply: bool| if noreply { " noreply" } else { "" };
    match *request {
        Request::Get { keys, cas } => format!("{}{}", if cas { "gets" } else { "get" }, describe_keys(keys)),
        Request::GetAndTouch { exptime, keys, cas } => {
            format!("{} {exptime}{}", if cas { "gats" } else { "gat" }, describe_keys(keys))
        }
        Request::Store { head, value } => format!("{}: {}", describe_head(&head), value.escape_ascii()),
        Request::Delete { key, noreply } => format!("delete {}{}", key.escape_ascii(), silent(noreply)),
        Request::Arithmetic { key, delta, decrement, noreply } => {
            format!("{} {} {delta}{}", if decrement { "decr" } else { "incr" }, key.escape_ascii(), silent(noreply))
        }
        Request::Touch { key, exptime, noreply } => {
            format!("touch {} {exptime}{}", key.escape_ascii(), silent(noreply))
        }
        Request::FlushAll { delay_s, noreply } => format!("flush_all {delay_s}{}", silent(noreply)),
        Request::Verbosity { level, noreply } => format!("verbosity {level}{}", silent(noreply)),
        Request::Admin(Admin::Answer(line)) => format!("answer {}", line.trim_ascii_end().escape_ascii()),
        Request::Admin(Admin::Dump { form, items }) => format!("{form:?} {items}"),
        Request::Admin(Admin::MemoryLimit { bytes, noreply }) => format!("memory {bytes}{}", silent(noreply)),
        Request::Admin(Admin::Watch(streams)) => format!("watch {:#b}", streams.0),
        Request::Admin(admin) => format!("{admin:?}"),
        Request::Version => "version".to_owned(),
        Request::Stats { arguments } => format!("stats [{}]", arguments.escape_ascii()),
        Request::Quit => "quit".to_owned(),
        Request::Meta(request) => describe_meta(&request),
    }
}

/// A connection that speaks RESP.
#[derive(Default)]
pub struct RespSession {
    buffer: Vec<u8>,
    progress: Progress,
    large: Option<(usize, Vec<Vec<u8>>)>,
    closed: bool,
}

/// As `plain_is_as_parsed`; and whatever is whole is plain, but for numbers beyond eight digits.
fn plain_request_is_as_parsed(input: &[u8], parsed: &resp::Parsed<'_>) {
    let plain = resp::plain(input, &RESP_LIMITS);
    let expected = match parsed {
        resp::Parsed::Request { args, consumed } => Some((args.into_iter().collect::<Vec<_>>(), *consumed)),
        _ => None,
    };
    let all = plain.map(|plain| (plain.args.into_iter().collect(), plain.consumed));
    assert_eq!(all, expected, "{}", input.escape_ascii());
    if let (Some(plain), Some((words, _))) = (plain, expected) {
        let operand = |n: usize| words.get(n).copied().unwrap_or_default();
        let four = [operand(1), operand(2), operand(3), operand(4)];
        assert_eq!((plain.name, plain.operands.fixed()), (words[0], four), "{}", input.escape_ascii());
        assert_eq!(Operands::of(plain.args).fixed(), four, "{}", input.escape_ascii());
    }
}

impl RespSession {
    fn step(&mut self) -> Step {
        if self.large.is_some() { self.element() } else { self.parse() }
    }

    fn parse(&mut self) -> Step {
        let was_fresh = self.progress.is_fresh();
        let parsed = resp::parse(&self.buffer, &RESP_LIMITS, &mut self.progress);
        if was_fresh {
            plain_request_is_as_parsed(&self.buffer, &parsed);
        }
        match parsed {
            resp::Parsed::Request { args, consumed } => {
                assert_eq!(self.progress, Progress::default());
                assert_eq!(args.into_iter().count(), args.len(), "every argument can be read back");
                Step::Took(consumed, Some(describe_args(args)))
            }
            resp::Parsed::Inline { args, consumed } => {
                let list: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
                Step::Took(consumed, Some(describe_args(Args::List(&list))))
            }
            resp::Parsed::Nothing { consumed } => Step::Took(consumed, None),
            resp::Parsed::Large { count, consumed } => {
                assert_eq!(self.progress, Progress::default());
                assert!((1..=RESP_LIMITS.max_arguments).contains(&count));
                self.large = Some((count, Vec::new()));
                Step::Took(consumed, None)
            }
            resp::Parsed::Incomplete { need } => {
                assert!(need == 0 || need > self.buffer.len());
                Step::Wait
            }
            resp::Parsed::ProtocolError(error) => self.fail(error),
        }
    }

    /// One element of an array that holds a large one.
    fn element(&mut self) -> Step {
        match resp::parse_bulk_header(&self.buffer, &RESP_LIMITS) {
            BulkHeader::Header { length, consumed } => {
                let end = consumed + length;
                if self.buffer.len() < end + 2 {
                    return Step::Wait;
                }
                if &self.buffer[end..end + 2] != b"\r\n" {
                    return self.fail(resp::ProtocolError::MissingCrlf);
                }
                let (count, arguments) = self.large.as_mut().unwrap();
                arguments.push(self.buffer[consumed..end].to_vec());
                if arguments.len() < *count {
                    return Step::Took(end + 2, None);
                }
                let list: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
                let told = describe_args(Args::List(&list));
                self.large = None;
                Step::Took(end + 2, Some(told))
            }
            BulkHeader::Incomplete => Step::Wait,
            BulkHeader::ProtocolError(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: resp::ProtocolError) -> Step {
        assert_eq!(self.progress, Progress::default());
        self.closed = true;
        let mut reply = Vec::new();
        ringstone_protocol::resp::reply::protocol_error(&mut reply, error);
        let told = reply.strip_prefix(b"-ERR Protocol error: ").unwrap().strip_suffix(b"\r\n").unwrap();
        Step::Took(self.buffer.len(), Some(format!("! {}", told.escape_ascii())))
    }
}

impl Session for RespSession {
    fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        self.buffer.extend_from_slice(bytes);
        let mut account = Vec::new();
        while !self.closed && !self.buffer.is_empty() {
            let Step::Took(consumed, told) = self.step() else { break };
            assert!(0 < consumed && consumed <= self.buffer.len());
            self.buffer.drain(..consumed);
            account.extend(told);
        }
        account
    }

    fn closed(&self) -> bool {
        self.closed
    }
}

/// Arguments in brackets, escaped.
pub fn describe_args(args: Args<'_>) -> String {
    assert!(!args.is_empty());
    args.into_iter().map(|argument| format!("[{}]", argument.escape_ascii())).collect()
}

/// Above so many bytes a stream is not split at every byte.
const LONG_STREAM: usize = 2048;

/// Checks a table of streams against their accounts (joined by ` | `): at once, byte by byte, and split in two anywhere.
pub fn check_table<S: Session>(table: &[(&[u8], &str)]) {
    for (stream, expected) in table {
        let account = |sizes: &mut dyn Iterator<Item = usize>| S::account(stream, sizes).join(" | ");
        let shown = String::from_utf8_lossy(&stream[..stream.len().min(200)]);
        assert_eq!(account(&mut std::iter::empty()), *expected, "whole: {shown:?}");
        // Long streams are split into larger pieces, and at fewer places, or the debug build takes minutes.
        let long = stream.len() > LONG_STREAM;
        let piece = if long { 997 } else { 1 };
        assert_eq!(account(&mut std::iter::repeat(piece)), *expected, "piece by piece: {shown:?}");
        for at in (1..stream.len()).step_by(if long { stream.len() / 20 } else { 1 }) {
            assert_eq!(account(&mut std::iter::once(at)), *expected, "split at {at}: {shown:?}");
        }
    }
}
