//! What is asked: which request comes next.

use std::collections::VecDeque;

use crate::{Distribution, Options, Zipf};

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Get,
    Set,
}

/// One request. The numbers of its keys are in a queue of its connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    /// How many keys it names; a set names one.
    pub(crate) keys: usize,
    /// Bytes of a set's value.
    pub(crate) value_size: usize,
}

/// Lengths of values, all alike between two.
#[derive(Clone, Copy)]
struct ValueSizes {
    min: usize,
    max: usize,
}

impl ValueSizes {
    fn draw(self, random: &mut fastrand::Rng) -> usize {
        if self.min == self.max { self.min } else { random.usize(self.min..=self.max) }
    }
}

/// An endless mix of gets and sets over random keys.
pub(crate) struct Mix {
    random: fastrand::Rng,
    gets: u64,
    parts: u64,
    keys: u64,
    keys_per_get: usize,
    zipf: Option<Scattered>,
    sizes: ValueSizes,
}

/// Ranks of a Zipf distribution, spread over the numbers of keys: the most asked for are not those that were set first.
struct Scattered {
    zipf: Zipf,
    /// Coprime to the number of keys, so that multiplying by it is a permutation.
    step: u64,
}

impl Scattered {
    fn new(keys: u64, theta: f64) -> Self {
        // Steps close to the golden section spread neighbours furthest.
        let near = ((keys as f64 * 0.618_033_988_749_895) as u64).max(1);
        let step = (near..).find(|&step| gcd(step, keys) == 1);
        Self { zipf: Zipf::new(keys, theta), step: step.expect("a number coprime to another follows any number") }
    }

    fn draw(&self, keys: u64, random: &mut fastrand::Rng) -> u64 {
        let rank = self.zipf.draw(random);
        (u128::from(rank) * u128::from(self.step) % u128::from(keys)) as u64
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Mix {
    /// Of one thread.
    pub(crate) fn new(options: &Options, thread: usize) -> Self {
        let mut seeds = fastrand::Rng::with_seed(options.seed);
        let seed = (0..=thread).map(|_| seeds.u64(..)).last().unwrap_or_default();
        Self {
            random: fastrand::Rng::with_seed(seed),
            gets: u64::from(options.gets),
            parts: u64::from(options.gets) + u64::from(options.sets),
            keys: options.keys,
            keys_per_get: options.keys_per_get,
            zipf: match options.distribution {
                Distribution::Uniform => None,
                Distribution::Zipf(theta) => Some(Scattered::new(options.keys, theta)),
            },
            sizes: ValueSizes { min: options.min_value_size, max: options.max_value_size },
        }
    }

    fn key(&mut self) -> u64 {
        match &self.zipf {
            None => self.random.u64(0..self.keys),
            Some(scattered) => scattered.draw(self.keys, &mut self.random),
        }
    }

    fn next(&mut self, numbers: &mut VecDeque<u64>) -> Request {
        let number = self.key();
        numbers.push_back(number);
        if self.random.u64(0..self.parts) < self.gets {
            for _ in 1..self.keys_per_get {
                let number = self.key();
                numbers.push_back(number);
            }
            Request { kind: Kind::Get, keys: self.keys_per_get, value_size: 0 }
        } else {
            Request { kind: Kind::Set, keys: 1, value_size: self.sizes.draw(&mut self.random) }
        }
    }
}

/// Where a phase's requests come from.
pub(crate) enum Source<'a> {
    /// Set each key of a range once.
    Fill { next: u64, end: u64, mix: &'a mut Mix },
    /// So many of the mix, or without end.
    Mix { left: Option<u64>, mix: &'a mut Mix },
}

impl Source<'_> {
    /// The next request, the numbers of its keys added to `numbers`; `None` after the last.
    #[inline]
    pub(crate) fn next(&mut self, numbers: &mut VecDeque<u64>) -> Option<Request> {
        match self {
            Source::Fill { next, end, mix } => {
                let key = *next;
                (key < *end).then(|| {
                    *next += 1;
                    numbers.push_back(key);
                    Request { kind: Kind::Set, keys: 1, value_size: mix.sizes.draw(&mut mix.random) }
                })
            }
            Source::Mix { left, mix } => {
                if let Some(left) = left {
                    *left = left.checked_sub(1)?;
                }
                Some(mix.next(numbers))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};

    use super::{Kind, Mix, Request, Scattered, Source};
    use crate::run::tests::options;
    use crate::{Distribution, Options};

    #[test]
    fn scattering_is_a_permutation() {
        for keys in [1, 2, 3, 10, 12, 1000, 4096, 30_030] {
            let step = Scattered::new(keys, 0.99).step;
            let places: HashSet<u64> = (1..=keys).map(|rank| rank * step % keys).collect();
            assert_eq!(places.len() as u64, keys);
        }
    }

    #[test]
    fn the_mix_keeps_ratio_and_sizes_and_repeats_itself() {
        for (distribution, keys_per_get) in
            [(Distribution::Uniform, 1), (Distribution::Uniform, 3), (Distribution::Zipf(0.99), 1)]
        {
            let sizes = Options { min_value_size: 5, max_value_size: 9, ..options() };
            let options = Options { gets: 3, sets: 1, keys_per_get, distribution, ..sizes };
            let draw = |thread| {
                let mut mix = Mix::new(&options, thread);
                let mut numbers = VecDeque::new();
                let mut source = Source::Mix { left: Some(40_000), mix: &mut mix };
                let requests: Vec<_> = std::iter::from_fn(|| source.next(&mut numbers)).collect();
                (requests, numbers)
            };
            let (requests, numbers) = draw(0);
            assert_eq!(requests.len(), 40_000);
            assert_eq!(numbers, draw(0).1);
            assert_ne!(numbers, draw(1).1);
            assert!(numbers.iter().all(|&number| number < options.keys));
            let (gets, sets): (Vec<Request>, Vec<Request>) =
                requests.into_iter().partition(|request| request.kind == Kind::Get);
            assert!(gets.iter().all(|get| get.keys == keys_per_get) && sets.iter().all(|set| set.keys == 1));
            assert_eq!(numbers.len(), gets.len() * keys_per_get + sets.len());
            // 10,000 expected, standard deviation 87.
            assert!((9_400..10_600).contains(&sets.len()), "{}", sets.len());
            let sizes: HashSet<usize> = sets.iter().map(|request| request.value_size).collect();
            assert_eq!(sizes, HashSet::from([5, 6, 7, 8, 9]));
        }
    }

    #[test]
    fn filling_sets_each_key_once() {
        let mut mix = Mix::new(&options(), 0);
        let mut source = Source::Fill { next: 10, end: 13, mix: &mut mix };
        let mut numbers = VecDeque::new();
        let requests: Vec<_> = std::iter::from_fn(|| source.next(&mut numbers)).collect();
        assert!(requests.iter().all(|request| request.kind == Kind::Set && request.keys == 1));
        assert_eq!((requests.len(), numbers), (3, VecDeque::from([10, 11, 12])));
    }
}
