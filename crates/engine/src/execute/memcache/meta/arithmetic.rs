//! `ma`: counts up or down.

use super::{KEY_ROOM, add_echoes, shown_ttl, write_line};
use crate::execute::memcache::operation::{self, Arithmetic, CountTerms, Counted, write_expiry};
use crate::execute::memcache::text::refusal;
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::memcache::meta::{Options, Target};
use ringstone_protocol::memcache::meta_reply::{Code, MetaLine};
use ringstone_protocol::memcache::{reply, time};
use ringstone_store::{Hash, UnixMillis};

/// Executes `ma`.
pub fn execute(target: Target<'_>, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let mut room = KEY_ROOM;
    let options = target.flags.options();
    // A created item lives as long as the later one of N and T says.
    let created_expiry = target.flags.filter_map(|flag| time_of(flag.letter, &options, true, context)).last();
    let command = Arithmetic {
        key: target.key.bytes(&mut room),
        hash,
        delta: options.delta.unwrap_or(1),
        decrement: options.decrements().unwrap_or_default(),
        token: options.compare.unwrap_or_default(),
        create: options.vivify.map(|_| (options.initial, created_expiry.unwrap_or_default())),
    };
    let touch = time_of(b'T', &options, false, context);
    let terms = CountTerms { touch, cas: options.cas.unwrap_or_default() };
    let code = match operation::arithmetic_on(&command, &terms, context) {
        (Counted::Number(..), _) if options.quiet => return,
        (Counted::Number(number, cas), before) => {
            return answer(target, &options, (number, cas), before, context, out);
        }
        (Counted::NotFound, _) => Code::NotFound,
        (Counted::Exists, _) => Code::Exists,
        (Counted::NotNumeric, _) => return out.write(reply::NON_NUMERIC),
        (Counted::WrongKind, _) => return out.write(reply::IS_HASH),
        (Counted::Refused(error), _) => return out.write(refusal(error, context)),
    };
    write_line(out, |room| {
        let mut line = MetaLine::new(room, code);
        add_echoes(&mut line, target);
        line.end()
    });
}

/// The time of expiry that a flag gives to an item, which this request may have created.
fn time_of(letter: u8, options: &Options, created: bool, context: &Context<'_>) -> Option<UnixMillis> {
    match letter {
        b'T' => options.exptime.map(|exptime| time::expires_at_ms(exptime, context.now_ms)),
        b'N' if created => options.vivify.map(|exptime| write_expiry(exptime, context)),
        _ => None,
    }
}

/// Shows the number. `before`: the time of expiry that the item had, if there was one.
fn answer(
    target: Target<'_>,
    options: &Options,
    (number, cas): (u64, u64),
    before: Option<UnixMillis>,
    context: &Context<'_>,
    out: &mut impl Reply,
) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number).as_bytes();
    let mut expires_at_ms = before.unwrap_or_default();
    write_line(out, |room| {
        let mut line =
            if options.value { MetaLine::with_value(room, digits.len()) } else { MetaLine::new(room, Code::Done) };
        for flag in target.flags {
            match flag.letter {
                b'c' => line.number(b'c', cas),
                b't' => line.number(b't', shown_ttl(expires_at_ms, context.now_ms)),
                b'O' => line.opaque(flag.token),
                b'k' => line.key(&target.key),
                letter => {
                    expires_at_ms = time_of(letter, options, before.is_none(), context).unwrap_or(expires_at_ms);
                }
            }
        }
        line.end()
    });
    if options.value {
        out.write(digits);
        out.write(reply::LINE_END);
    }
}
