//! Patterns of KEYS, SCAN, PSUBSCRIBE and CONFIG GET: Valkey's `stringmatchlen` with bounded work.
//!
//! `*` any bytes, `?` any byte, `[abc]`, `[a-z]`, `[^a-z]` one of a class, `\` takes the next byte as it stands. What a class
//! that is not closed, a range that is turned around, or an escape within a class means is as in Valkey. Two things differ: a
//! range takes bytes above 127 as such (in Valkey that depends on the machine), and more than 1000 stars may match.
//!
//! A pattern is compiled once. It is cut at its stars; what stands before the first and after the last is held to the ends of
//! a text, and of each part between them the leftmost place is the right one. So a text of `n` bytes costs at most `n` times the
//! longest part, never more, whatever the pattern.

/// Elements that take a byte each, above which a pattern matches nothing: no key is that long.
pub const MAX_ELEMENTS: usize = 1 << 16;

/// What takes one byte of a text, or the star.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Byte(u8),
    Any,
    /// Index of the class.
    Class(u32),
    Star,
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Class([u64; 4]);

/// The letters `A` to `Z` in the word of a class that has all letters.
const UPPER_CASE: u64 = ((1 << 26) - 1) << (b'A' & 63);

impl Class {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Word by word: a pattern may have millions of ranges.
    fn insert_range(&mut self, first: u8, last: u8) {
        for (word, bits) in (0_u8..).zip(&mut self.0) {
            let (least, most) = (word << 6, word << 6 | 63);
            if first <= last && first <= most && last >= least {
                let (from, to) = (first.max(least) & 63, last.min(most) & 63);
                *bits |= u64::MAX << from & u64::MAX >> (63 - to);
            }
        }
    }

    /// Upper case letters are in it if, and only if, their lower case ones are.
    fn fold(&mut self) {
        let letters = &mut self.0[usize::from(b'a' >> 6)];
        let upper = *letters >> (b'a' - b'A') & UPPER_CASE;
        *letters = *letters & !UPPER_CASE | upper;
    }

    fn unite(&mut self, other: Class) {
        self.0.iter_mut().zip(other.0).for_each(|(bits, more)| *bits |= more);
    }

    fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    fn negated(self) -> Class {
        Class(self.0.map(|bits| !bits))
    }
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    elements: Box<[Element]>,
    classes: Box<[Class]>,
    /// Bytes that a text must have.
    least: usize,
    has_star: bool,
    ignores_case: bool,
}

impl Pattern {
    /// Tells upper from lower case.
    pub fn new(pattern: &[u8]) -> Pattern {
        Pattern::compile(pattern, false)
    }

    /// Of KEYS, SCAN and HSCAN: there a star alone is no pattern at all; by itself it would not match the empty name.
    pub fn of_names(pattern: &[u8]) -> Option<Pattern> {
        (pattern != b"*").then(|| Pattern::new(pattern))
    }

    /// Takes ASCII letters of either case for the same.
    pub fn ignoring_case(pattern: &[u8]) -> Pattern {
        Pattern::compile(pattern, true)
    }

    /// Whether the whole of `text` is matched. As in Valkey an empty text is matched by the empty pattern only.
    pub fn matches(&self, text: &[u8]) -> bool {
        if text.len() < self.least || text.is_empty() {
            return text.is_empty() && self.elements.is_empty();
        }
        let mut parts = self.elements.split(|element| *element == Element::Star);
        let head = parts.next().unwrap_or_default();
        if !self.has_star {
            return text.len() == head.len() && self.part_matches(head, text);
        }
        let tail = parts.next_back().unwrap_or_default();
        // `least` says that they do not overlap.
        let (front, rest) = text.split_at(head.len());
        let (mut middle, back) = rest.split_at(rest.len() - tail.len());
        if !self.part_matches(head, front) || !self.part_matches(tail, back) {
            return false;
        }
        for part in parts {
            match self.find(part, middle) {
                Some(at) => middle = &middle[at + part.len()..],
                None => return false,
            }
        }
        true
    }

    /// Offset of the first place of `text` where `part` matches.
    fn find(&self, part: &[Element], text: &[u8]) -> Option<usize> {
        let last = text.len().checked_sub(part.len())?;
        let mut at = 0;
        while at <= last {
            if let Some(Element::Byte(first)) = part.first()
                && !self.ignores_case
            {
                at += memchr::memchr(*first, &text[at..=last])?;
            }
            if self.part_matches(part, &text[at..at + part.len()]) {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    /// `text` has as many bytes as `part` has elements.
    fn part_matches(&self, part: &[Element], text: &[u8]) -> bool {
        part.iter().zip(text).all(|(element, &byte)| match *element {
            Element::Byte(wanted) if self.ignores_case => wanted == byte.to_ascii_lowercase(),
            Element::Byte(wanted) => wanted == byte,
            Element::Class(index) => self.classes[index as usize].contains(byte),
            Element::Any | Element::Star => true,
        })
    }

    fn compile(pattern: &[u8], ignores_case: bool) -> Pattern {
        let mut elements = Vec::new();
        let mut classes = Vec::new();
        let (mut least, mut has_star) = (0, false);
        let mut rest = pattern;
        while let Some((&first, after)) = rest.split_first() {
            rest = after;
            let element = match first {
                b'*' => Element::Star,
                b'?' => Element::Any,
                b'[' => {
                    classes.push(take_class(&mut rest, ignores_case));
                    Element::Class(classes.len() as u32 - 1)
                }
                b'\\' => Element::Byte(take_byte(&mut rest).unwrap_or(b'\\')),
                byte => Element::Byte(byte),
            };
            match element {
                // Stars in a row are one.
                Element::Star if elements.last() == Some(&Element::Star) => continue,
                Element::Star => has_star = true,
                _ => least += 1,
            }
            elements.push(match element {
                Element::Byte(byte) if ignores_case => Element::Byte(byte.to_ascii_lowercase()),
                other => other,
            });
            if least > MAX_ELEMENTS {
                return Pattern::nothing();
            }
        }
        Pattern { elements: elements.into(), classes: classes.into(), least, has_star, ignores_case }
    }

    /// No text has so many bytes.
    fn nothing() -> Pattern {
        let elements = [Element::Any].into();
        Pattern { elements, classes: [].into(), least: usize::MAX, has_star: false, ignores_case: false }
    }
}

fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    let (&byte, after) = rest.split_first()?;
    *rest = after;
    Some(byte)
}

/// The class whose `[` was taken, up to its `]` or the pattern's end.
fn take_class(rest: &mut &[u8], ignores_case: bool) -> Class {
    let is_negated = rest.first() == Some(&b'^');
    if is_negated {
        take_byte(rest);
    }
    let mut class = Class::default();
    loop {
        match **rest {
            // An escaped byte has its case, whatever is ignored.
            [b'\\', byte, ref after @ ..] => {
                class.insert(byte);
                *rest = after;
            }
            [b']', ref after @ ..] => {
                *rest = after;
                break;
            }
            [] => break,
            [one, b'-', other, ref after @ ..] => {
                insert_range(&mut class, one.min(other), one.max(other), ignores_case);
                *rest = after;
            }
            [byte, ref after @ ..] => {
                insert_range(&mut class, byte, byte, ignores_case);
                *rest = after;
            }
        }
    }
    if is_negated { class.negated() } else { class }
}

/// Where case is ignored, the bounds and what is compared with them become lower case: `[A-z]` is `[a-z]`, `[Z-a]` is empty.
fn insert_range(class: &mut Class, first: u8, last: u8, ignores_case: bool) {
    if ignores_case {
        let mut range = Class::default();
        range.insert_range(first.to_ascii_lowercase(), last.to_ascii_lowercase());
        range.fold();
        class.unite(range);
    } else {
        class.insert_range(first, last);
    }
}
