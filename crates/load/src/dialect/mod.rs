//! Requests to bytes and bytes to replies, for both protocols.

mod line;
mod reply;
mod request;

pub(crate) use reply::{Got, Outcome, ReplyReader, quote_line};
pub(crate) use request::Encoder;
