//! What others put into a connection's output: whole, between replies, and in the way of nothing.

mod common;

use common::{Bench, Client, options};
use ringstone_engine::Protocol::Resp;
use ringstone_net::{Next, Service, Turn};

const MESSAGE: &str = ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\nm\r\n";

/// A subscriber of RESP3.
fn subscriber(bench: &mut Bench) -> Client {
    let mut client = Client::numbered(Resp, 2);
    client.send(&mut bench.worker, b"HELLO 3\r\nSUBSCRIBE ch\r\n");
    assert!(client.take_text().ends_with(":1\r\n"));
    client
}

#[test]
fn a_message_does_not_come_into_the_middle_of_a_transaction_that_changes_the_version() {
    let mut bench = Bench::new(options());
    let mut client = subscriber(&mut bench);
    client.send(&mut bench.worker, b"MULTI\r\nPUBLISH ch m\r\nHELLO 2\r\nEXEC\r\n");
    client.send(&mut bench.worker, b"");
    let text = client.take_text();
    let (reply, after) = text.split_once("*2\r\n:1\r\n").expect("a reply of two");
    assert!(reply.ends_with("+QUEUED\r\n"), "{text}");
    assert!(after.starts_with("*14\r\n$6\r\nserver\r\n"), "{text}");
    assert!(after.contains(MESSAGE), "{text}");
}

#[test]
fn a_message_is_not_lost_in_the_silence_that_its_reader_asked_for() {
    for request in ["CLIENT REPLY SKIP\r\nHELLO 2\r\n", "CLIENT REPLY OFF\r\nHELLO 2\r\n"] {
        let mut bench = Bench::new(options());
        let mut client = subscriber(&mut bench);
        client.send(&mut bench.worker, format!("PUBLISH ch m\r\n{request}").as_bytes());
        client.send(&mut bench.worker, b"");
        assert_eq!(client.take_text(), format!(":1\r\n{MESSAGE}"), "{request}");
    }
}

#[test]
fn a_subscriber_with_much_mail_is_served_all_the_same() {
    let mut bench = Bench::new(options());
    let mut client = subscriber(&mut bench);
    let mut publisher = Client::numbered(Resp, 3);
    let publish = format!("PUBLISH ch {}\r\n", "m".repeat(60_000));
    publisher.send(&mut bench.worker, publish.repeat(10).as_bytes());
    let mut turn = Turn {
        connection: &mut client.connection,
        input: b"PING\r\n",
        end_of_input: false,
        output: &mut client.output,
        consumed: 0,
        next: Next::Read,
        need: 0,
    };
    bench.worker.run(std::slice::from_mut(&mut turn), 0);
    assert_eq!(turn.consumed, 6, "however much comes in each turn, its own request is executed");
    let got = client.output.take_bytes();
    assert!(got.len() > 600_000 && got.ends_with(b"+PONG\r\n"), "after what had come");
}

#[test]
fn a_connection_that_is_named_often_is_listed_once() {
    let mut bench = Bench::new(options());
    let mut client = Client::numbered(Resp, 2);
    bench.shared.clients.add(&client.connection.session.client);
    client.send(&mut bench.worker, format!("CLIENT LIST ID{} 7\r\n", " 2".repeat(1000)).as_bytes());
    assert_eq!(client.text().matches("id=2 ").count(), 1);
}
