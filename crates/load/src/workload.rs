//! What is asked: which request comes next.

use crate::{Distribution, Options, Zipf};

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Get,
    Set,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    /// Number of the key.
    pub(crate) key: u64,
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
            zipf: match options.distribution {
                Distribution::Uniform => None,
                Distribution::Zipf(theta) => Some(Scattered::new(options.keys, theta)),
            },
            sizes: ValueSizes { min: options.min_value_size, max: options.max_value_size },
        }
    }

    fn next(&mut self) -> Request {
        let key = match &self.zipf {
            None => self.random.u64(0..self.keys),
            Some(scattered) => scattered.draw(self.keys, &mut self.random),
        };
        if self.random.u64(0..self.parts) < self.gets {
            Request { kind: Kind::Get, key, value_size: 0 }
        } else {
            Request { kind: Kind::Set, key, value_size: self.sizes.draw(&mut self.random) }
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
    /// The next request, or `None` after the last.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Request> {
        match self {
            Source::Fill { next, end, mix } => {
                let key = *next;
                (key < *end).then(|| {
                    *next += 1;
                    Request { kind: Kind::Set, key, value_size: mix.sizes.draw(&mut mix.random) }
                })
            }
            Source::Mix { left, mix } => {
                if let Some(left) = left {
                    *left = left.checked_sub(1)?;
                }
                Some(mix.next())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Kind, Mix, Scattered, Source};
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
        for distribution in [Distribution::Uniform, Distribution::Zipf(0.99)] {
            let options = Options { gets: 3, sets: 1, min_value_size: 5, max_value_size: 9, distribution, ..options() };
            let draw = |thread| {
                let mut mix = Mix::new(&options, thread);
                let mut source = Source::Mix { left: Some(40_000), mix: &mut mix };
                std::iter::from_fn(|| source.next()).collect::<Vec<_>>()
            };
            let requests = draw(0);
            assert_eq!(requests.len(), 40_000);
            let keys = |requests: &[super::Request]| requests.iter().map(|request| request.key).collect::<Vec<_>>();
            assert_eq!(keys(&requests), keys(&draw(0)));
            assert_ne!(keys(&requests), keys(&draw(1)));
            assert!(requests.iter().all(|request| request.key < options.keys));
            let sets: Vec<_> = requests.iter().filter(|request| request.kind == Kind::Set).collect();
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
        let requests: Vec<_> =
            std::iter::from_fn(|| source.next()).map(|request| (request.kind, request.key)).collect();
        assert_eq!(requests, [(Kind::Set, 10), (Kind::Set, 11), (Kind::Set, 12)]);
    }
}
