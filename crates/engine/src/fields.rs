//! The fields of a hash, packed into the value of one item.
//!
//! ```text
//! u32 number of fields (little endian), then for each, in the order in which they came:
//! length of field, length of value (LEB128)  field  value
//! ```
//!
//! So a field costs two bytes over its own and its value's while both are shorter than 128 bytes. Every operation goes
//! through the whole hash; what makes that cheap is its bound, [`MAX_HASH_BYTES`].

use smallvec::SmallVec;
use std::collections::HashMap;

/// Longest packed hash in bytes: a hash is for a session, a profile, some counters. One pass over it takes some microseconds.
pub const MAX_HASH_BYTES: usize = 64 << 10;

const COUNT_BYTES: usize = size_of::<u32>();
/// Words of a request that are compared one by one; more are looked up in a table, so that a long request on a long hash
/// takes the time of both and not their product.
const FEW: usize = 8;

/// A hash would be longer than [`MAX_HASH_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// A packed hash that is read.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    count: usize,
    entries: &'a [u8],
}

/// One field.
#[derive(Clone, Copy)]
struct Entry<'a> {
    field: &'a [u8],
    value: &'a [u8],
    /// All of it as packed.
    raw: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Of an item's value, which this module has packed; of an empty one there are none.
    pub fn of(packed: &'a [u8]) -> Fields<'a> {
        match packed.split_first_chunk::<COUNT_BYTES>() {
            Some((count, entries)) => Fields { count: u32::from_le_bytes(*count) as usize, entries },
            None => Fields { count: 0, entries: &[] },
        }
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.count
    }

    /// Packs the same into `packed`, for who looks at them for longer than their cell is held.
    pub fn copy_to(self, packed: &mut Vec<u8>) {
        begin(packed);
        packed.extend_from_slice(self.entries);
        finish(packed, self.count);
    }

    /// Fields and values, in the order in which the fields came.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.entries().map(|entry| (entry.field, entry.value))
    }

    fn entries(self) -> impl Iterator<Item = Entry<'a>> {
        let mut rest = self.entries;
        std::iter::from_fn(move || {
            let (entry, after) = take_entry(rest)?;
            rest = after;
            Some(entry)
        })
    }

    /// The value of a field.
    pub fn get(self, field: &[u8]) -> Option<&'a [u8]> {
        self.iter().find(|(own, _)| *own == field).map(|(_, value)| value)
    }

    /// Calls `each` with the value of every one of `wanted`, in order.
    pub fn get_many<'w>(self, wanted: impl ExactSizeIterator<Item = &'w [u8]>, mut each: impl FnMut(Option<&'a [u8]>)) {
        if wanted.len() <= FEW {
            return wanted.for_each(|field| each(self.get(field)));
        }
        let table: HashMap<&[u8], &[u8]> = self.iter().collect();
        wanted.for_each(|field| each(table.get(field).copied()));
    }
}

/// The first entry and what follows it.
fn take_entry(packed: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let (field_len, first) = take_length(packed)?;
    let (value_len, second) = take_length(&packed[first..])?;
    let field = first + second;
    let value = field + field_len;
    let end = value + value_len;
    let raw = packed.get(..end)?;
    Some((Entry { field: &raw[field..value], value: &raw[value..], raw }, &packed[end..]))
}

/// A LEB128 number and the bytes that it takes.
fn take_length(packed: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (at, &byte) in packed.iter().enumerate().take(size_of::<u32>()) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            return Some((length, at + 1));
        }
    }
    None
}

fn put_length(packed: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        packed.push(length as u8 | 0x80);
        length >>= 7;
    }
    packed.push(length as u8);
}

fn put(packed: &mut Vec<u8>, field: &[u8], value: &[u8]) -> Result<(), TooLong> {
    // Before anything is copied, so that no request makes the buffer longer than a hash may be.
    if packed.len() + field.len() + value.len() > MAX_HASH_BYTES {
        return Err(TooLong);
    }
    put_length(packed, field.len());
    put_length(packed, value.len());
    packed.extend_from_slice(field);
    packed.extend_from_slice(value);
    if packed.len() > MAX_HASH_BYTES { Err(TooLong) } else { Ok(()) }
}

fn begin(packed: &mut Vec<u8>) {
    packed.clear();
    packed.extend_from_slice(&[0; COUNT_BYTES]);
}

fn finish(packed: &mut [u8], count: usize) {
    // At most `MAX_HASH_BYTES` of them.
    packed[..COUNT_BYTES].copy_from_slice(&(count as u32).to_le_bytes());
}

/// The fields that a request names, each with the position of its last mention.
enum Named<'w> {
    Few(SmallVec<[&'w [u8]; FEW]>),
    Many(HashMap<&'w [u8], usize>),
}

impl<'w> Named<'w> {
    fn new(words: impl ExactSizeIterator<Item = &'w [u8]>) -> Named<'w> {
        if words.len() <= FEW {
            Named::Few(words.collect())
        } else {
            Named::Many(words.enumerate().map(|(position, word)| (word, position)).collect())
        }
    }

    fn position(&self, field: &[u8]) -> Option<usize> {
        match self {
            Named::Few(words) => words.iter().rposition(|word| *word == field),
            Named::Many(words) => words.get(field).copied(),
        }
    }
}

/// Packs `old` with the values of `pairs` set into `packed`; of a field named twice the last value counts. Returns how many
/// fields are new.
pub fn set<'w>(
    old: Fields<'_>,
    pairs: impl ExactSizeIterator<Item = (&'w [u8], &'w [u8])> + Clone,
    packed: &mut Vec<u8>,
) -> Result<usize, TooLong> {
    let named = Named::new(pairs.clone().map(|(field, _)| field));
    let values: SmallVec<[&[u8]; FEW]> = pairs.clone().map(|(_, value)| value).collect();
    let mut placed: SmallVec<[bool; FEW]> = SmallVec::from_elem(false, values.len());
    begin(packed);
    for entry in old.entries() {
        match named.position(entry.field) {
            Some(position) => {
                placed[position] = true;
                put(packed, entry.field, values[position])?;
            }
            None => packed.extend_from_slice(entry.raw),
        }
    }
    let mut added = 0;
    for (field, _) in pairs {
        let position = named.position(field).unwrap_or_default();
        if !std::mem::replace(&mut placed[position], true) {
            put(packed, field, values[position])?;
            added += 1;
        }
    }
    if packed.len() > MAX_HASH_BYTES {
        return Err(TooLong);
    }
    finish(packed, old.len() + added);
    Ok(added)
}

/// Packs `old` without some fields into `packed`. Returns how many of them there were.
pub fn remove<'w>(old: Fields<'_>, fields: impl ExactSizeIterator<Item = &'w [u8]>, packed: &mut Vec<u8>) -> usize {
    let named = Named::new(fields);
    let mut removed = 0;
    begin(packed);
    for entry in old.entries() {
        if named.position(entry.field).is_some() {
            removed += 1;
        } else {
            packed.extend_from_slice(entry.raw);
        }
    }
    finish(packed, old.len() - removed);
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Set(Vec<(Vec<u8>, Vec<u8>)>),
        Remove(Vec<Vec<u8>>),
    }

    fn field() -> impl Strategy<Value = Vec<u8>> {
        // Few, so that they meet; one with a length of two bytes.
        prop_oneof![proptest::collection::vec(0_u8..4, 0..3), Just(vec![7; 200])]
    }

    fn step() -> impl Strategy<Value = Step> {
        let value = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..6),
            (120_usize..140).prop_map(|n| vec![1; n]),
            (16_380_usize..16_390).prop_map(|n| vec![2; n])
        ];
        prop_oneof![
            proptest::collection::vec((field(), value), 1..20).prop_map(Step::Set),
            proptest::collection::vec(field(), 1..20).prop_map(Step::Remove),
        ]
    }

    fn check(packed: &[u8], model: &[(Vec<u8>, Vec<u8>)]) {
        let fields = Fields::of(packed);
        assert_eq!(fields.len(), model.len());
        assert!(fields.iter().eq(model.iter().map(|(field, value)| (&field[..], &value[..]))));
        for count in [1, 3 * FEW] {
            let wanted: Vec<&[u8]> =
                model.iter().map(|(field, _)| &field[..]).chain([&b"absent"[..]]).cycle().take(count).collect();
            let mut found = Vec::new();
            fields.get_many(wanted.iter().copied(), |value| found.push(value.map(<[u8]>::to_vec)));
            let expected: Vec<_> = wanted
                .iter()
                .map(|field| model.iter().find(|(own, _)| own == field).map(|(_, value)| value.clone()))
                .collect();
            assert_eq!(found, expected);
        }
    }

    proptest! {
        #[test]
        fn like_a_list_of_pairs(steps in proptest::collection::vec(step(), 1..40)) {
            let (mut packed, mut next) = (Vec::new(), Vec::new());
            let mut model: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
            for step in steps {
                match step {
                    Step::Set(pairs) => {
                        let mut after = model.clone();
                        for (field, value) in &pairs {
                            match after.iter_mut().find(|(own, _)| own == field) {
                                Some((_, old)) => old.clone_from(value),
                                None => after.push((field.clone(), value.clone())),
                            }
                        }
                        let bytes: usize = after
                            .iter()
                            .map(|(field, value)| {
                                let length = |n: usize| if n < 128 { 1 } else if n < 16_384 { 2 } else { 3 };
                                length(field.len()) + length(value.len()) + field.len() + value.len()
                            })
                            .sum();
                        let result = set(
                            Fields::of(&packed),
                            pairs.iter().map(|(field, value)| (&field[..], &value[..])),
                            &mut next,
                        );
                        if bytes + COUNT_BYTES > MAX_HASH_BYTES {
                            prop_assert_eq!(result, Err(TooLong));
                            continue;
                        }
                        prop_assert_eq!(result, Ok(after.len() - model.len()));
                        model = after;
                    }
                    Step::Remove(fields) => {
                        let before = model.len();
                        model.retain(|(field, _)| !fields.contains(field));
                        let removed = remove(Fields::of(&packed), fields.iter().map(|field| &field[..]), &mut next);
                        prop_assert_eq!(removed, before - model.len());
                    }
                }
                std::mem::swap(&mut packed, &mut next);
                check(&packed, &model);
            }
        }
    }
}
