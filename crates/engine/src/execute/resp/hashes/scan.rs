//! HSCAN: a hash is small, so one call gives all of it, as Valkey does with its packed ones. It is held to the pattern once its
//! cell is let go, since it is the client that chooses how long that takes.

use super::{Request, answer_failure, with_fields};
use crate::fields::Fields;
use crate::reply::Reply;
use crate::shared::Context;
use ringstone_protocol::glob::Pattern;
use ringstone_protocol::resp::options::{NOT_AN_INTEGER, SYNTAX_ERROR, parse_i64, scan_cursor};
use ringstone_protocol::resp::reply;

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
            let pattern = words.next().ok_or(SYNTAX_ERROR)?;
            options.pattern = Pattern::of_names(pattern);
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
    if let Err(text) = scan_cursor(cursor) {
        return reply::error(out, text);
    }
    let mut copy = Vec::new();
    if let Err(failure) = with_fields(request, context, |fields| fields.copy_to(&mut copy)) {
        return answer_failure(&failure, context, out);
    }
    let fields = Fields::of(&copy);
    let options = if fields.len() == 0 { Ok(Options::default()) } else { options(request.arguments().skip(2)) };
    match options {
        Ok(options) => write(fields, &options, out),
        Err(text) => reply::error(out, text),
    }
}

fn write(fields: Fields<'_>, options: &Options, out: &mut impl Reply) {
    let is_chosen = |name: &[u8]| options.pattern.as_ref().is_none_or(|pattern| pattern.matches(name));
    let chosen: Vec<(&[u8], &[u8])> = fields.iter().filter(|(name, _)| is_chosen(name)).collect();
    let each = if options.without_values { 1 } else { 2 };
    reply::array(out, 2);
    reply::bulk(out, b"0");
    reply::array(out, each * chosen.len());
    for (name, value) in chosen {
        reply::bulk(out, name);
        if !options.without_values {
            reply::bulk(out, value);
        }
    }
}
