//! `mg`: shows an item, and lends it: of all who ask for one that is missing, stale or about to expire, one is told to write it
//! anew. All of it happens under the item's lock, so there is exactly one.

use super::{KEY_ROOM, add_echoes, seconds_left, shown_ttl, write_line};
use crate::execute::memcache::operation::{trace_look, write_expiry};
use crate::execute::memcache::text::refusal;
use crate::reply::{Reply, value_len};
use crate::shared::Context;
use ringstone_protocol::memcache::meta::{Options, Target};
use ringstone_protocol::memcache::meta_reply::{Code, MetaLine};
use ringstone_protocol::memcache::{reply, time};
use ringstone_store::{Absence, Attributes, Entry, Error, Hash, Item, Kind, Marks, NewValue, UnixMillis, Value};

/// What a line shows beside the flags that were asked for.
#[derive(Clone, Copy, Default)]
struct Lease {
    /// `W`: whoever reads this is to write the item anew.
    won: bool,
    /// `X`.
    stale: bool,
    /// `Z`: somebody else was told to.
    taken: bool,
}

/// What an item was before this request changed it.
#[derive(Clone, Copy)]
struct Before {
    expires_at_ms: UnixMillis,
    marks: Marks,
    idle_s: u32,
    fetched: bool,
    /// This request has created it.
    created: bool,
}

impl Before {
    fn of(item: &Item<'_>) -> Before {
        let Item { expires_at_ms, marks, idle_s, fetched, .. } = *item;
        Before { expires_at_ms, marks, idle_s, fetched, created: false }
    }

    /// Of an item that the request creates without a time of expiry, which it is given in its turn.
    fn created() -> Before {
        let marks = Marks { won: true, ..Marks::default() };
        Before { expires_at_ms: 0, marks, idle_s: 0, fetched: false, created: true }
    }

    fn lease(&self) -> Lease {
        Lease { won: self.created, stale: self.marks.stale, taken: self.marks.won && !self.created }
    }
}

/// Executes `mg`.
#[inline]
pub fn execute(target: Target<'_>, hash: Hash, context: &Context<'_>, out: &mut impl Reply) {
    let mut room = KEY_ROOM;
    let options = target.flags.options();
    let key = target.key.bytes(&mut room);
    let mut entry = context.store.entry(key, hash, context.now_ms);
    if context.traced.any() {
        trace_look(key, &mut entry, context);
    }
    let found = match look(&mut entry, options.uncounted) {
        Ok(item) => {
            if options.value && item.marks.kind == Kind::Hash {
                count_hit(&options, context);
                return out.write(reply::IS_HASH);
            }
            let before = Before::of(&item);
            if !changes(&options, before.marks) {
                show(target, &options, &item, &before, before.lease(), context, out);
                count_hit(&options, context);
                return;
            }
            Ok(before)
        }
        Err(absence) => Err(absence),
    };
    match found {
        Ok(before) => change(&mut entry, target, &options, before, context, out),
        Err(absence) => miss(&mut entry, target, &options, absence, context, out),
    }
}

/// The item, counted as read unless `uncounted`.
#[inline]
fn look<'e>(entry: &'e mut Entry<'_, '_>, uncounted: bool) -> Result<Item<'e>, Absence> {
    // A miss counts nothing, and knows its reason.
    if uncounted && entry.peek().is_some() { entry.peek().ok_or(Absence::Absent) } else { entry.get() }
}

/// Whether an item with these marks may be changed by the request.
#[inline]
fn changes(options: &Options, marks: Marks) -> bool {
    options.exptime.is_some() || options.recache.is_some() || (marks.stale && !marks.won)
}

#[inline]
fn count_hit(options: &Options, context: &Context<'_>) {
    if options.exptime.is_some() {
        context.counters.touch.hits.add(1);
    } else {
        context.counters.memcache.read(Ok(()));
    }
}

/// Shows an item that is not changed any more.
#[inline]
fn show(
    target: Target<'_>,
    options: &Options,
    item: &Item<'_>,
    before: &Before,
    lease: Lease,
    context: &Context<'_>,
    out: &mut impl Reply,
) {
    let length = value_len(&item.value);
    write_line(out, |room| {
        let mut line = if options.value { MetaLine::with_value(room, length) } else { MetaLine::new(room, Code::Done) };
        add_flags(&mut line, target, options, item, before, context);
        for (mark, shown) in [(b'Z', lease.taken), (b'X', lease.stale), (b'W', lease.won)] {
            if shown {
                line.mark(mark);
            }
        }
        line.end()
    });
    if options.value {
        out.write_value(&item.value);
        out.write(reply::LINE_END);
    }
}

/// The flags that were asked for, in their order: `t` shows what `T` and `N` have set only behind them.
#[inline]
fn add_flags(
    line: &mut MetaLine<'_>,
    target: Target<'_>,
    options: &Options,
    item: &Item<'_>,
    before: &Before,
    context: &Context<'_>,
) {
    let now_ms = context.now_ms;
    let mut expires_at_ms = before.expires_at_ms;
    for flag in target.flags {
        match flag.letter {
            b's' => line.number(b's', value_len(&item.value)),
            b't' => line.number(b't', shown_ttl(expires_at_ms, now_ms)),
            b'c' => line.number(b'c', item.cas),
            b'f' => line.number(b'f', item.flags),
            b'l' => line.number(b'l', before.idle_s),
            b'h' => line.number(b'h', u8::from(before.fetched)),
            b'O' => line.opaque(flag.token),
            b'k' => line.key(&target.key),
            b'T' => expires_at_ms = touched_expiry(options, now_ms).unwrap_or(expires_at_ms),
            b'N' if before.created => expires_at_ms = created_expiry(options, context),
            _ => {}
        }
    }
}

/// The time of expiry that `T` gives.
fn touched_expiry(options: &Options, now_ms: UnixMillis) -> Option<UnixMillis> {
    options.exptime.map(|exptime| time::expires_at_ms(exptime, now_ms))
}

/// The time of expiry that `N` gives.
fn created_expiry(options: &Options, context: &Context<'_>) -> UnixMillis {
    options.vivify.map_or(0, |exptime| write_expiry(exptime, context))
}

/// The last time of expiry that the flags set, and whether `R` finds the item about to expire, with what those before it have set.
fn outcome(target: Target<'_>, options: &Options, before: &Before, context: &Context<'_>) -> (UnixMillis, bool) {
    let now_ms = context.now_ms;
    let (mut expires_at_ms, mut expiring) = (before.expires_at_ms, false);
    for flag in target.flags {
        match flag.letter {
            b'T' => expires_at_ms = touched_expiry(options, now_ms).unwrap_or(expires_at_ms),
            b'N' if before.created => expires_at_ms = created_expiry(options, context),
            b'R' if !before.created && expires_at_ms != 0 => {
                let recache_at_ms = options.recache.map_or(0, |exptime| time::expires_at_ms(exptime, now_ms));
                expiring = seconds_left(expires_at_ms, now_ms) < seconds_left(recache_at_ms, now_ms);
            }
            _ => {}
        }
    }
    (expires_at_ms, expiring)
}

/// Changes an item as the flags ask, and then shows it.
fn change(
    entry: &mut Entry<'_, '_>,
    target: Target<'_>,
    options: &Options,
    before: Before,
    context: &Context<'_>,
    out: &mut impl Reply,
) {
    let (expires_at_ms, expiring) = outcome(target, options, &before, context);
    let mut lease = before.lease();
    lease.won = !before.marks.won && (expiring || before.marks.stale);
    // Marked before it is told: nobody is told who was not noted as the one.
    if lease.won {
        lease.won = matches!(entry.set_marks(Marks { won: true, ..before.marks }), Some(Ok(())));
    }
    // The old version is shown even if the new time has passed already, as memcached does; so it is shown first.
    let Some(item) = entry.peek() else { return answer_miss(target, options, Absence::Evicted, context, out) };
    show(target, options, &item, &before, lease, context, out);
    if options.exptime.is_some() && expires_at_ms != before.expires_at_ms {
        // As in `gat`: without room for a time the item keeps its old one.
        let _ = entry.set_expiry(expires_at_ms);
    }
    count_hit(options, context);
}

/// Creates the item if the flags ask for it.
#[cold]
fn miss(
    entry: &mut Entry<'_, '_>,
    target: Target<'_>,
    options: &Options,
    absence: Absence,
    context: &Context<'_>,
    out: &mut impl Reply,
) {
    if options.vivify.is_none() {
        return answer_miss(target, options, absence, context, out);
    }
    let before = Before::created();
    let (expires_at_ms, _) = outcome(target, options, &before, context);
    let cas = options.cas.unwrap_or_default();
    let written = entry.set(NewValue::Bytes(b""), Attributes { flags: 0, expires_at_ms, marks: before.marks, cas });
    let cas = match written {
        Ok(cas) => cas,
        // memcached's answer, too, where there is no room: a miss that nobody is to fill.
        Err(error @ (Error::OutOfMemory | Error::TooManyReserved)) => {
            refusal(error, context);
            return answer_miss(target, options, absence, context, out);
        }
        Err(error) => return out.write(refusal(error, context)),
    };
    if !options.uncounted {
        // It counts as read, as in memcached; there is nothing to be seen that is not known.
        let _ = entry.get();
    }
    let Before { idle_s, fetched, marks, .. } = before;
    let item = Item { value: Value::Bytes(b""), flags: 0, cas, expires_at_ms, marks, idle_s, fetched };
    show(target, options, &item, &before, before.lease(), context, out);
    count_hit(options, context);
}

/// `EN`, unless it goes without saying.
fn answer_miss(target: Target<'_>, options: &Options, absence: Absence, context: &Context<'_>, out: &mut impl Reply) {
    context.counters.memcache.read(Err(absence));
    if options.quiet {
        return;
    }
    write_line(out, |room| {
        let mut line = MetaLine::new(room, Code::Miss);
        add_echoes(&mut line, target);
        line.end()
    });
}
