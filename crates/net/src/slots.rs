//! The connections of a worker, by slot.

use crate::connection::{GENERATIONS, Key};

/// Values in numbered slots that are reused under a new generation.
pub(crate) struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    used: usize,
}

struct Slot<T> {
    generation: u32,
    /// Stands for a connection, so that a key of a slot that is free, and has its next generation already, finds nothing.
    used: bool,
    /// When bytes last moved, milliseconds of the monotonic clock. Kept here so that the search for idle connections
    /// walks through memory in order.
    active_ms: u64,
    /// Boxed: taken out while in a batch.
    value: Option<Box<T>>,
}

impl<T> Slots<T> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), used: 0 }
    }

    /// Connections, including those that wait for the kernel to let go.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Slots, used or not.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Reserves a slot, to be filled by `put`. `None` when all numbers are taken.
    pub(crate) fn reserve(&mut self, now_ms: u64) -> Option<Key> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < Key::SLOTS => {
                self.slots.push(Slot { generation: 0, used: false, active_ms: 0, value: None });
                self.slots.len() as u32 - 1
            }
            None => return None,
        };
        self.used += 1;
        let entry = &mut self.slots[slot as usize];
        entry.used = true;
        entry.active_ms = now_ms;
        Some(Key { slot, generation: entry.generation })
    }

    /// Frees a slot whose value was taken; its next connection is another generation.
    pub(crate) fn release(&mut self, key: Key) {
        let entry = &mut self.slots[key.slot as usize];
        debug_assert!(entry.used && entry.generation == key.generation && entry.value.is_none());
        entry.generation = (entry.generation + 1) % GENERATIONS;
        entry.used = false;
        self.used -= 1;
        self.free.push(key.slot);
    }

    /// Takes a value out, to be `put` back or its slot released.
    #[inline]
    pub(crate) fn take(&mut self, key: Key) -> Option<Box<T>> {
        let entry = self.slots.get_mut(key.slot as usize)?;
        if entry.generation == key.generation { entry.value.take() } else { None }
    }

    /// The key of a used slot.
    pub(crate) fn key_at(&self, slot: usize) -> Option<Key> {
        let entry = self.slots.get(slot).filter(|entry| entry.used)?;
        Some(Key { slot: slot as u32, generation: entry.generation })
    }

    /// Puts a value into its slot.
    #[inline]
    pub(crate) fn put(&mut self, key: Key, value: Box<T>) {
        let entry = &mut self.slots[key.slot as usize];
        debug_assert!(entry.used && entry.generation == key.generation && entry.value.is_none());
        entry.value = Some(value);
    }

    /// Bytes moved.
    #[inline]
    pub(crate) fn stamp(&mut self, key: Key, now_ms: u64) {
        self.slots[key.slot as usize].active_ms = now_ms;
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.slots.get_mut(key.slot as usize)?;
        if entry.generation == key.generation { entry.value.as_deref_mut() } else { None }
    }

    /// The first in a range of slots whose last byte moved before `before_ms`.
    pub(crate) fn quiet_since(&self, range: std::ops::Range<usize>, before_ms: u64) -> Option<Key> {
        let first = range.start;
        let index = self.slots[range].iter().position(|slot| slot.used && slot.active_ms < before_ms)?;
        Some(Key { slot: (first + index) as u32, generation: self.slots[first + index].generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_key_does_not_find_the_next_owner_of_its_slot() {
        let mut slots = Slots::new();
        let first = slots.reserve(1).expect("room");
        slots.put(first, Box::new("first"));
        assert_eq!(slots.take(first).as_deref(), Some(&"first"));
        assert!(slots.get_mut(first).is_none(), "taken out");
        slots.release(first);
        let second = slots.reserve(2).expect("room");
        assert_eq!(second.slot, first.slot);
        slots.put(second, Box::new("second"));
        assert!(slots.get_mut(first).is_none() && slots.take(first).is_none());
        assert_eq!(slots.get_mut(second), Some(&mut "second"));
        assert_eq!((slots.len(), slots.capacity()), (1, 1));
    }

    #[test]
    fn generations_wrap() {
        let mut slots: Slots<u8> = Slots::new();
        let key = slots.reserve(0).expect("room");
        slots.release(key);
        slots.slots[0].generation = GENERATIONS - 1;
        let key = slots.reserve(0).expect("room");
        slots.release(key);
        assert_eq!(slots.reserve(0), Some(Key { slot: 0, generation: 0 }));
    }

    #[test]
    fn quiet_slots_are_found_and_stamped_ones_are_not() {
        let mut slots = Slots::new();
        let keys: Vec<Key> = (0..4).map(|n| slots.reserve(n * 10).expect("room")).collect();
        for &key in &keys {
            slots.put(key, Box::new(()));
        }
        slots.stamp(keys[0], 100);
        slots.take(keys[1]);
        slots.release(keys[1]);
        assert_eq!(slots.quiet_since(0..4, 30), Some(keys[2]));
        assert_eq!(slots.quiet_since(3..4, 30), None);
    }
}
