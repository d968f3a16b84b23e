//! Metrics as families of samples: the one table that `/metrics` and `/stats` are rendered from.

/// Prometheus' kinds that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only grows (until reset).
    Counter,
    /// Goes up and down.
    Gauge,
    /// Cumulative buckets.
    Histogram,
}

impl FamilyKind {
    /// The word of the text format.
    pub fn as_str(self) -> &'static str {
        match self {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Histogram => "histogram",
        }
    }
}

/// One sample with its labels.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Name and value.
    pub labels: Vec<(&'static str, String)>,
    /// Counter or gauge: the value. Histogram: the sum.
    pub value: f64,
    /// Histogram: upper bounds in base units, ascending, without +Inf.
    pub bounds: Vec<f64>,
    /// Histogram: cumulative counts, one per bound and one for +Inf at the end (the count). Empty otherwise.
    pub counts: Vec<f64>,
}

/// One metric.
#[derive(Clone, Debug)]
pub struct Family {
    /// `ringstone_...`, base units; counters end in `_total`.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Kind.
    pub kind: FamilyKind,
    /// At least one.
    pub samples: Vec<Sample>,
}
