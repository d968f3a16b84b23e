//! RESP commands on keys, whatever their values.

use super::together::for_each_entry;
use super::{Request, refuse};
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::resp::options::{ExpireCondition, NOT_AN_INTEGER, SYNTAX_ERROR, expire_condition, parse_i64};
use ringstone_protocol::resp::reply;
use ringstone_store::Kind;

/// DEL and UNLINK
pub fn delete(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let mut removed = 0;
    for_each_entry(request.hash, request.arguments(), context, |mut entry, counters| {
        let found = entry.remove();
        counters.delete.count(found);
        removed += i64::from(found);
    });
    reply::integer(out, removed);
}

/// EXISTS and, with `is_access`, TOUCH: looking is no access, by which an item would stay longer. A key named twice counts twice.
pub fn exists(request: &Request<'_>, is_access: bool, context: &mut Context<'_>, out: &mut impl Reply) {
    let mut found = 0;
    for_each_entry(request.hash, request.arguments(), context, |entry, counters| {
        let mut entry = if is_access { entry } else { entry.uncounted() };
        let outcome = entry.get().map(|_| ());
        counters.resp.read(outcome);
        found += i64::from(outcome.is_ok());
    });
    reply::integer(out, found);
}

/// TYPE
pub fn kind(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key] = request.fixed();
    let kind = context.cells.entry(key, request.hash, context.now_ms).peek().map(|item| item.marks.kind);
    reply::simple(out, kind.map_or("none", kind_name));
}

/// TYPE's and SCAN's name of a kind.
pub fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Hash => "hash",
    }
}

/// Where a time in a request or a reply counts from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// This moment.
    Now,
    /// 1970.
    Epoch,
}

impl Basis {
    fn at_ms(self, now_ms: u64) -> u64 {
        match self {
            Basis::Now => now_ms,
            Basis::Epoch => 0,
        }
    }
}

/// TTL, PTTL, EXPIRETIME and PEXPIRETIME: -2 no key, -1 no expiry; seconds are rounded to the nearest as Valkey does.
pub fn ttl(request: &Request<'_>, unit_ms: u64, basis: Basis, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key] = request.fixed();
    let expiry = context.cells.entry(key, request.hash, context.now_ms).peek().map(|item| item.expires_at_ms);
    let answer = match expiry {
        None => -2,
        Some(0) => -1,
        Some(at_ms) => {
            let left_ms = at_ms.saturating_sub(basis.at_ms(context.now_ms));
            i64::try_from(left_ms.saturating_add(unit_ms / 2) / unit_ms).unwrap_or(i64::MAX)
        }
    };
    reply::integer(out, answer);
}

/// EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT with NX XX GT LT. A time that has passed deletes the key.
pub fn expire(request: &Request<'_>, unit_ms: i64, basis: Basis, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key, amount] = request.fixed();
    let condition = match expire_condition(request.arguments().skip(2)) {
        Ok(condition) => condition,
        Err(text) => return reply::error(out, &text),
    };
    let Some(amount) = parse_i64(amount) else {
        return reply::error(out, NOT_AN_INTEGER);
    };
    let basis_ms = i64::try_from(basis.at_ms(context.now_ms)).unwrap_or(i64::MAX);
    let Some(at_ms) = amount.checked_mul(unit_ms).and_then(|delta| delta.checked_add(basis_ms)) else {
        return reply::error(out, &format!("ERR invalid expire time in '{}' command", request.spec.name));
    };
    let at_ms = u64::try_from(at_ms).unwrap_or(0);
    let mut entry = context.cells.entry(key, request.hash, context.now_ms);
    let Some(current) = entry.peek().map(|item| item.expires_at_ms) else {
        drop(entry);
        return reply::integer(out, 0);
    };
    if !expire_applies(condition, current, at_ms) {
        drop(entry);
        return reply::integer(out, 0);
    }
    let result = if at_ms <= context.now_ms {
        entry.remove();
        Ok(())
    } else {
        entry.set_expiry(at_ms).unwrap_or(Ok(()))
    };
    drop(entry);
    match result {
        Ok(()) => reply::integer(out, 1),
        Err(error) => refuse(error, context, out),
    }
}

/// `current` 0 is a key without expiry, which counts as an infinite one for GT and LT.
fn expire_applies(condition: ExpireCondition, current: u64, at_ms: u64) -> bool {
    let persistent = current == 0;
    !(condition.nx && !persistent
        || condition.xx && persistent
        || condition.gt && (persistent || at_ms <= current)
        || condition.lt && !persistent && at_ms >= current)
}

/// PERSIST
pub fn persist(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [key] = request.fixed();
    let mut entry = context.cells.entry(key, request.hash, context.now_ms);
    let had_expiry = entry.peek().is_some_and(|item| item.expires_at_ms != 0);
    let result = if had_expiry { entry.set_expiry(0).unwrap_or(Ok(())) } else { Ok(()) };
    drop(entry);
    match result {
        Ok(()) => reply::integer(out, i64::from(had_expiry)),
        Err(error) => refuse(error, context, out),
    }
}

/// FLUSHDB and FLUSHALL [ASYNC|SYNC]: either way the items are gone at once, and their memory goes with the sweep.
pub fn flush(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let mut arguments = request.arguments();
    let known = match arguments.next() {
        None => true,
        Some(word) => word.eq_ignore_ascii_case(b"async") || word.eq_ignore_ascii_case(b"sync"),
    };
    if !known || arguments.next().is_some() {
        return reply::error(out, SYNTAX_ERROR);
    }
    context.shared.cache.flush_cells(&mut context.cells, context.now_ms, context.now_ms);
    out.write(b"+OK\r\n");
}

#[cfg(test)]
mod tests {
    use super::{ExpireCondition, expire_applies};

    #[test]
    fn conditions_follow_valkey() {
        let condition = |nx, xx, gt, lt| ExpireCondition { nx, xx, gt, lt };
        let never = condition(false, false, false, false);
        assert!(expire_applies(never, 0, 5) && expire_applies(never, 9, 5));
        let nx = condition(true, false, false, false);
        assert!(expire_applies(nx, 0, 5) && !expire_applies(nx, 9, 5));
        let xx = condition(false, true, false, false);
        assert!(!expire_applies(xx, 0, 5) && expire_applies(xx, 9, 5));
        let gt = condition(false, false, true, false);
        assert!(!expire_applies(gt, 0, 5) && !expire_applies(gt, 9, 5) && expire_applies(gt, 4, 5));
        let lt = condition(false, false, false, true);
        assert!(expire_applies(lt, 0, 5) && expire_applies(lt, 9, 5) && !expire_applies(lt, 4, 5));
    }
}
