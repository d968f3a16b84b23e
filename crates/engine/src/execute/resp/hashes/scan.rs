//! HSCAN: a hash is small, so one call gives all of it, as Valkey does with its packed ones.

use super::{Failure, Request, answer_failure, with_fields};
use crate::fields::Fields;
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::options::{NOT_AN_INTEGER, SYNTAX_ERROR, parse_i64};
use ringstone_protocol::resp::reply;

const INVALID_CURSOR: &str = "ERR invalid cursor";

#[derive(Default)]
struct Options {
    pattern: Option<Pattern>,
    without_values: bool,
}

/// MATCH, COUNT and NOVALUES.
fn options<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> Result<Options, &'static str> {
    let mut options = Options::default();
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case(b"match") {
            options.pattern = Some(Pattern::new(words.next().ok_or(SYNTAX_ERROR)?));
        } else if word.eq_ignore_ascii_case(b"count") {
            let count = parse_i64(words.next().ok_or(SYNTAX_ERROR)?).ok_or(NOT_AN_INTEGER)?;
            if count < 1 {
                return Err(SYNTAX_ERROR);
            }
        } else if word.eq_ignore_ascii_case(b"novalues") {
            options.without_values = true;
        } else {
            return Err(SYNTAX_ERROR);
        }
    }
    Ok(options)
}

/// HSCAN. The checks are in Valkey's order: the cursor, the key, the options, which do not matter without a key.
pub fn scan(request: &Request<'_>, context: &mut Context<'_>, out: &mut impl Reply) {
    let [_, cursor] = request.fixed();
    if std::str::from_utf8(cursor).ok().and_then(|text| text.parse::<u64>().ok()).is_none() {
        return reply::error(out, INVALID_CURSOR);
    }
    let read = with_fields(request, context, |fields| {
        if fields.len() == 0 {
            write(fields, &Options::default(), out);
            return Ok(());
        }
        let options = options(request.arguments().skip(2))?;
        write(fields, &options, out);
        Ok(())
    });
    match read.and_then(|result| result.map_err(Failure::Text)) {
        Ok(()) => {}
        Err(failure) => answer_failure(&failure, context, out),
    }
}

fn write(fields: Fields<'_>, options: &Options, out: &mut impl Reply) {
    let chosen =
        || fields.iter().filter(|(name, _)| options.pattern.as_ref().is_none_or(|pattern| pattern.matches(name)));
    let each = if options.without_values { 1 } else { 2 };
    reply::array(out, 2);
    reply::bulk(out, b"0");
    reply::array(out, each * chosen().count());
    for (name, value) in chosen() {
        reply::bulk(out, name);
        if !options.without_values {
            reply::bulk(out, value);
        }
    }
}
