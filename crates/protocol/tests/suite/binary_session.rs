//! A connection without sockets that speaks memcached's binary protocol; see `session`.

use crate::session::{Session, TEXT_LIMITS};
use ringstone_protocol::memcache::binary::request::{self, Command, Parsed, StoreHead};
use ringstone_protocol::memcache::binary::{HEADER_LENGTH, Status, Tag};
use ringstone_protocol::memcache::text::MAX_KEY;

/// What one connection has received and understood.
#[derive(Default)]
pub struct BinarySession {
    buffer: Vec<u8>,
    discard: u64,
    large: Option<(String, usize)>,
    closed: bool,
}

impl BinarySession {
    /// Bytes to drop and what to tell; `None` if more is needed.
    fn step(&mut self) -> Option<(usize, Option<String>)> {
        if self.discard > 0 {
            let skipped = self.buffer.len().min(usize::try_from(self.discard).unwrap_or(usize::MAX));
            self.discard -= skipped as u64;
            return Some((skipped, None));
        }
        if let Some((head, length)) = self.large.take() {
            if self.buffer.len() < length {
                self.large = Some((head, length));
                return None;
            }
            return Some((length, Some(format!("{head}: {}", self.buffer[..length].escape_ascii()))));
        }
        self.parse()
    }

    fn parse(&mut self) -> Option<(usize, Option<String>)> {
        match request::parse(&self.buffer, &TEXT_LIMITS) {
            Parsed::Request { request, consumed, discard } => {
                self.discard = discard;
                Some((consumed, Some(format!("{}{}", describe_tag(request.tag), describe(&request.command)))))
            }
            Parsed::Body { tag, head, length, consumed } => {
                assert!((TEXT_LIMITS.large_value..=TEXT_LIMITS.max_value_size).contains(&length));
                assert!(self.buffer.len() < consumed + length, "the body is here, so it is no large one");
                self.large = Some((format!("{}{}", describe_tag(tag), describe_head(&head)), length));
                Some((consumed, None))
            }
            Parsed::Incomplete { need } => {
                assert!(need > self.buffer.len());
                None
            }
            Parsed::Refused { tag, status, consumed, discard, remove, close } => {
                assert!(status != Status::Success);
                assert!(!(close && discard > 0), "what follows the close is nobody's");
                let mut told = format!("{}! {status:?}", describe_tag(tag));
                if let Some(key) = remove {
                    told += &format!(" remove {}", key.escape_ascii());
                }
                if close {
                    told += " close";
                }
                self.discard = discard;
                self.closed = close;
                Some((consumed, Some(told)))
            }
            Parsed::BadMagic => {
                self.closed = true;
                Some((self.buffer.len(), Some("bad magic".to_owned())))
            }
        }
    }
}

impl Session for BinarySession {
    fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        self.buffer.extend_from_slice(bytes);
        let mut account = Vec::new();
        while !self.closed && (!self.buffer.is_empty() || matches!(self.large, Some((_, 0)))) {
            let Some((consumed, told)) = self.step() else { break };
            assert!(consumed <= self.buffer.len() && (consumed > 0 || told.is_some()));
            self.buffer.drain(..consumed);
            account.extend(told);
        }
        account
    }

    fn closed(&self) -> bool {
        self.closed
    }
}

fn describe_tag(tag: Tag) -> String {
    let cas = if tag.cas == 0 { String::new() } else { format!(" cas {}", tag.cas) };
    format!("{}{:#04x} {}{cas} ", if tag.quiet { "quiet " } else { "" }, tag.opcode, tag.opaque)
}

fn show(key: &[u8]) -> impl std::fmt::Display + '_ {
    assert!((1..=MAX_KEY).contains(&key.len()));
    key.escape_ascii()
}

fn describe_head(head: &StoreHead<'_>) -> String {
    format!("{:?} {} {} {}", head.mode, show(head.key), head.flags, head.exptime)
}

fn describe(command: &Command<'_>) -> String {
    let with = |with_key: bool| if with_key { " with its key" } else { "" };
    match *command {
        Command::Get { key, with_key } => format!("get {}{}", show(key), with(with_key)),
        Command::GetAndTouch { key, exptime, with_key } => format!("gat {exptime} {}{}", show(key), with(with_key)),
        Command::Touch { key, exptime } => format!("touch {} {exptime}", show(key)),
        Command::Store { head, value } => format!("{}: {}", describe_head(&head), value.escape_ascii()),
        Command::Delete { key } => format!("delete {}", show(key)),
        Command::Arithmetic { key, delta, decrement, create } => {
            let word = if decrement { "decr" } else { "incr" };
            format!("{word} {} {delta} {create:?}", show(key))
        }
        Command::Flush { delay_s } => format!("flush {delay_s}"),
        Command::Quit => "quit".to_owned(),
        Command::Noop => "noop".to_owned(),
        Command::Version => "version".to_owned(),
        Command::Stats { arguments } => format!("stats [{}]", arguments.escape_ascii()),
    }
}

/// A request; its lengths are those of its parts.
pub fn packet(opcode: u8, extras: &[u8], key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; HEADER_LENGTH];
    packet[0] = 0x80;
    packet[1] = opcode;
    packet[2..4].copy_from_slice(&u16::try_from(key.len()).expect("a short key").to_be_bytes());
    packet[4] = u8::try_from(extras.len()).expect("short extras");
    let body = u32::try_from(extras.len() + key.len() + value.len()).expect("a short body");
    packet[8..12].copy_from_slice(&body.to_be_bytes());
    packet[15] = 7;
    packet.extend([extras, key, value].concat());
    packet
}
