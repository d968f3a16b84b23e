//! CLIENT REPLY OFF: what is answered all the same. Held to redis-server 7.0.15.

mod common;

use common::{Bench, options};
use ringstone_engine::Protocol;

fn replies(input: &str) -> String {
    Bench::new(options()).whole(Protocol::Resp, input.as_bytes()).text()
}

#[test]
fn what_is_queued_is_not_answered() {
    let silent = "CLIENT REPLY OFF\r\nMULTI\r\n";
    assert_eq!(replies(&format!("{silent}SUBSCRIBE a\r\n")), "");
    assert_eq!(replies(&format!("{silent}CLIENT REPLY ON\r\n")), "");
    assert_eq!(replies(&format!("{silent}CLIENT REPLY ON\r\nEXEC\r\nPING\r\n")), "+PONG\r\n");
}

#[test]
fn reset_ends_it() {
    assert_eq!(replies("CLIENT REPLY OFF\r\nRESET\r\nPING\r\n"), "+RESET\r\n+PONG\r\n");
    assert_eq!(replies("CLIENT REPLY OFF\r\nMULTI\r\nRESET\r\nPING\r\n"), "+RESET\r\n+PONG\r\n");
    assert_eq!(replies("CLIENT REPLY SKIP\r\nRESET\r\nPING\r\n"), "+PONG\r\n");
}
