//! What is done at random.

use proptest::prelude::*;
use ringstone_store::{Kind, Marks};

pub const KEYS: u16 = 40;

#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Get(u16),
    Peek(u16),
    Set { key: u16, length: usize, new: NewItem },
    Extend { key: u16, length: usize, at_front: bool, as_body: bool },
    Replace { key: u16, length: usize },
    Increment(u16),
    SetExpiry { key: u16, ttl_ms: Option<u64> },
    SetMarks { key: u16, marks: Marks },
    Renew { key: u16, marks: Marks, cas: u64 },
    Remove(u16),
    Hold(u16),
    Release,
    Several { first: u16, second: u16, length: usize },
    Sweep,
    Flush { delay_ms: u64 },
    Advance(u64),
}

/// How an item is set, besides its value.
#[derive(Clone, Copy, Debug)]
pub struct NewItem {
    pub ttl_ms: Option<u64>,
    pub flags: u32,
    pub marks: Marks,
    pub cas: u64,
    pub as_body: bool,
}

pub fn key_of(number: u16) -> Vec<u8> {
    let length = match number % 8 {
        0 => 300,
        1 => 5000,
        2 => 255,
        _ => number as usize % 30 + 2,
    };
    let mut key = number.to_le_bytes().to_vec();
    key.resize(length, number as u8);
    key
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..40usize, 4 => 40..1000usize, 2 => 1000..5000usize, 2 => 5000..30_000usize, 1 => 60_000..66_000usize]
}

fn ttl_ms() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(1..3000u64)
}

fn marks() -> impl Strategy<Value = Marks> {
    let any = (prop_oneof![Just(Kind::String), Just(Kind::Hash)], any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(kind, stale, won, loaded)| Marks { kind, stale, won, loaded });
    prop_oneof![2 => Just(Marks::default()), 1 => any]
}

fn cas() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 1 => 1..10u64, 1 => any::<u64>()]
}

fn new_item() -> impl Strategy<Value = NewItem> {
    let flags = prop_oneof![Just(0u32), any::<u32>()];
    (ttl_ms(), flags, marks(), cas(), any::<bool>()).prop_map(|(ttl_ms, flags, marks, cas, as_body)| NewItem {
        ttl_ms,
        flags,
        marks,
        cas,
        as_body,
    })
}

pub fn operation() -> impl Strategy<Value = Operation> {
    let key = || 0..KEYS;
    prop_oneof![
        6 => key().prop_map(Operation::Get),
        1 => key().prop_map(Operation::Peek),
        8 => (key(), length(), new_item()).prop_map(|(key, length, new)| Operation::Set { key, length, new }),
        3 => (key(), length(), any::<bool>(), any::<bool>())
            .prop_map(|(key, length, at_front, as_body)| Operation::Extend { key, length, at_front, as_body }),
        2 => (key(), length()).prop_map(|(key, length)| Operation::Replace { key, length }),
        2 => key().prop_map(Operation::Increment),
        2 => (key(), ttl_ms()).prop_map(|(key, ttl_ms)| Operation::SetExpiry { key, ttl_ms }),
        2 => (key(), marks()).prop_map(|(key, marks)| Operation::SetMarks { key, marks }),
        1 => (key(), marks(), cas()).prop_map(|(key, marks, cas)| Operation::Renew { key, marks, cas }),
        2 => key().prop_map(Operation::Remove),
        1 => key().prop_map(Operation::Hold),
        1 => Just(Operation::Release),
        1 => (key(), key(), length()).prop_map(|(first, second, length)| Operation::Several { first, second, length }),
        1 => Just(Operation::Sweep),
        1 => prop_oneof![Just(0), 1..500u64].prop_map(|delay_ms| Operation::Flush { delay_ms }),
        3 => (0..400u64).prop_map(Operation::Advance),
    ]
}
