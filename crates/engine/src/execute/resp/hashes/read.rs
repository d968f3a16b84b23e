//! What is asked of a hash.

use super::{Request, answer_failure, with_fields};
use crate::reply::Reply;
use crate::session::Session;
use crate::shared::Context;
use ringstone_protocol::resp::reply;

/// HGET
pub fn field(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let [_, name] = request.fixed();
    let read = with_fields(request, context, |fields| match fields.get(name) {
        Some(value) => reply::bulk(out, value),
        None => reply::null(out, session.version),
    });
    read.unwrap_or_else(|failure| answer_failure(&failure, context, out));
}

/// HMGET
pub fn many(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let read = with_fields(request, context, |fields| {
        let names: Vec<&[u8]> = request.arguments().skip(1).collect();
        reply::array(out, names.len());
        fields.get_many(names.into_iter(), |value| match value {
            _ if !out.has_room() => {}
            Some(value) => reply::bulk(out, value),
            None => reply::null(out, session.version),
        });
    });
    read.unwrap_or_else(|failure| answer_failure(&failure, context, out));
}

/// HGETALL
pub fn pairs(request: &Request<'_>, session: &Session, context: &mut Context<'_>, out: &mut impl Reply) {
    let read = with_fields(request, context, |fields| {
        reply::map(out, fields.len(), session.version);
        for (name, value) in fields.iter() {
            reply::bulk(out, name);
            reply::bulk(out, value);
        }
    });
    read.unwrap_or_else(|failure| answer_failure(&failure, context, out));
}

/// HKEYS
pub fn fields(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let read = with_fields(request, context, |fields| {
        reply::array(out, fields.len());
        fields.iter().for_each(|(name, _)| reply::bulk(out, name));
    });
    read.unwrap_or_else(|failure| answer_failure(&failure, context, out));
}

/// HVALS
pub fn values(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let read = with_fields(request, context, |fields| {
        reply::array(out, fields.len());
        fields.iter().for_each(|(_, value)| reply::bulk(out, value));
    });
    read.unwrap_or_else(|failure| answer_failure(&failure, context, out));
}

/// HLEN
pub fn len(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let read = with_fields(request, context, |fields| reply::integer(out, fields.len() as i64));
    read.unwrap_or_else(|failure| answer_failure(&failure, context, out));
}

/// HEXISTS
pub fn exists(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [_, name] = request.fixed();
    let read = with_fields(request, context, |fields| reply::integer(out, i64::from(fields.get(name).is_some())));
    read.unwrap_or_else(|failure| answer_failure(&failure, context, out));
}

/// HSTRLEN
pub fn field_length(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [_, name] = request.fixed();
    let read = with_fields(request, context, |fields| {
        reply::integer(out, fields.get(name).map_or(0, |value| value.len() as i64));
    });
    read.unwrap_or_else(|failure| answer_failure(&failure, context, out));
}
