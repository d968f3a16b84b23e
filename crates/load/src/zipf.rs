//! Zipf's distribution over a bounded number of ranks, without tables.
//!
//! Rejection-inversion: W. Hormann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
//! distributions", ACM Transactions on Modeling and Computer Simulation 6(3), 1996, algorithm ZRI, for the density k^-theta
//! with any theta >= 0. It takes the inverse of the density's integral at a random point, which a histogram over it encloses,
//! and rejects what lies between the two: exact for any number of ranks, about one try per draw, nothing to compute ahead
//! that grows with the ranks (unlike the method of Gray et al. 1994 that YCSB uses, which is also limited to theta below 1).

/// A bounded Zipf distribution.
#[derive(Clone, Copy, Debug)]
pub struct Zipf {
    ranks: f64,
    theta: f64,
    /// Integral up to 1.5, less the density at 1, and integral up to the last rank's end: where points are drawn from.
    first: f64,
    last: f64,
    /// Draws that lie so close below their rank are accepted without looking at the density.
    accept_below: f64,
}

impl Zipf {
    /// Ranks 1 to `ranks`, of probability in proportion to rank^-theta. `ranks` at least 1, theta finite and not negative.
    pub fn new(ranks: u64, theta: f64) -> Self {
        let mut zipf = Self { ranks: ranks as f64, theta, first: 0.0, last: 0.0, accept_below: 0.0 };
        zipf.first = zipf.integral(1.5) - 1.0;
        zipf.last = zipf.integral(zipf.ranks + 0.5);
        zipf.accept_below = 2.0 - zipf.inverse_integral(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    /// Draws a rank, the most frequent being 1.
    #[inline]
    pub fn draw(&self, random: &mut fastrand::Rng) -> u64 {
        loop {
            let point = self.last + random.f64() * (self.first - self.last);
            let place = self.inverse_integral(point);
            let rank = (place + 0.5).floor().clamp(1.0, self.ranks);
            if rank - place <= self.accept_below || point >= self.integral(rank + 0.5) - self.density(rank) {
                return rank as u64;
            }
        }
    }

    fn density(&self, x: f64) -> f64 {
        (-self.theta * x.ln()).exp()
    }

    /// Integral of the density from 1 to x: (x^(1-theta) - 1) / (1-theta), and ln x at theta = 1.
    fn integral(&self, x: f64) -> f64 {
        let log = x.ln();
        let power = (1.0 - self.theta) * log;
        // Close to 0 the quotient loses all digits; its limit does not.
        log * if power.abs() > 1e-8 { power.exp_m1() / power } else { 1.0 + power / 2.0 }
    }

    fn inverse_integral(&self, y: f64) -> f64 {
        // Rounding may lead below the domain of the logarithm.
        let power = (y * (1.0 - self.theta)).max(-1.0);
        let log = if power.abs() > 1e-8 { power.ln_1p() / power } else { 1.0 - power / 2.0 };
        (log * y).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::Zipf;

    const DRAWS: usize = 400_000;

    /// How often each rank was drawn.
    fn drawn(ranks: u64, theta: f64) -> Vec<usize> {
        let (zipf, mut random) = (Zipf::new(ranks, theta), fastrand::Rng::with_seed(7));
        let mut counts = vec![0; ranks as usize];
        for _ in 0..DRAWS {
            counts[zipf.draw(&mut random) as usize - 1] += 1;
        }
        counts
    }

    /// Pearson's statistic against the definition, over ranks that are expected at least 20 times (the rest is one class).
    fn statistic(ranks: u64, theta: f64) -> (f64, usize) {
        let weights: Vec<f64> = (1..=ranks).map(|rank| (rank as f64).powf(-theta)).collect();
        let total: f64 = weights.iter().sum();
        let counts = drawn(ranks, theta);
        let (mut sum, mut classes, mut rest) = (0.0, 0, (0.0, 0.0));
        for (weight, &count) in weights.iter().zip(&counts) {
            let expected = weight / total * DRAWS as f64;
            if expected >= 20.0 {
                sum += (count as f64 - expected).powi(2) / expected;
                classes += 1;
            } else {
                rest = (rest.0 + expected, rest.1 + count as f64);
            }
        }
        if rest.0 > 0.0 {
            sum += (rest.1 - rest.0).powi(2) / rest.0;
            classes += 1;
        }
        (sum, classes)
    }

    #[test]
    fn ranks_come_as_often_as_the_definition_says() {
        for (ranks, theta) in [(1, 0.99), (2, 0.5), (10, 0.0), (1000, 0.5), (1000, 0.99), (1000, 1.0), (100_000, 1.2)] {
            let (statistic, classes) = statistic(ranks, theta);
            // Mean: classes - 1, variance: twice that. Six standard deviations; the seed is fixed.
            let freedom = classes as f64 - 1.0;
            assert!(
                statistic <= freedom + 6.0 * (2.0 * freedom).sqrt() + 1e-9,
                "{ranks} ranks, theta {theta}: {statistic} over {classes} classes"
            );
        }
    }

    #[test]
    fn a_larger_theta_is_more_skewed() {
        let top = |theta| drawn(10_000, theta)[..10].iter().sum::<usize>();
        let tops = [0.0, 0.5, 0.9, 0.99, 1.2, 2.0].map(top);
        assert!(tops.is_sorted() && tops[0] < tops[5] / 100, "{tops:?}");
    }

    #[test]
    fn large_numbers_of_ranks_stay_within_bounds() {
        let mut random = fastrand::Rng::with_seed(1);
        for theta in [0.0, 0.99, 1.0, 1.01, 3.0] {
            let zipf = Zipf::new(1 << 40, theta);
            assert!((0..10_000).all(|_| (1..=1 << 40).contains(&zipf.draw(&mut random))));
        }
    }
}
