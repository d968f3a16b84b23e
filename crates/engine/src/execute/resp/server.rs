//! TIME and WAIT.

use super::Request;
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::resp::options::{NOT_AN_INTEGER, parse_i64};
use ringstone_protocol::resp::reply;

const US_PER_S: u64 = 1_000_000;

/// TIME: seconds since 1970, and microseconds, by the clock that items expire by.
pub fn time(context: &Context<'_>, out: &mut impl Reply) {
    let now_us = context.shared.cache.clock.now_us();
    reply::array(out, 2);
    for number in [now_us / US_PER_S, now_us % US_PER_S] {
        reply::bulk(out, itoa::Buffer::new().format(number).as_bytes());
    }
}

/// WAIT: there are no replicas, and none will come, so the answer is 0 at once whatever is waited for.
pub fn wait(request: &Request<'_>, out: &mut impl Reply) {
    let [replicas, timeout_ms] = request.fixed();
    match (parse_i64(replicas), parse_i64(timeout_ms)) {
        (None, _) => reply::error(out, NOT_AN_INTEGER),
        (_, None) => reply::error(out, "ERR timeout is not an integer or out of range"),
        (_, Some(..0)) => reply::error(out, "ERR timeout is negative"),
        _ => reply::integer(out, 0),
    }
}
