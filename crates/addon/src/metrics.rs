//! Metric families as plain objects.

use napi_derive::napi;
use ringstone_engine::{Family, Sample};

/// One sample with its labels.
#[napi(object)]
pub struct MetricSample {
    /// Name and value of each label, in order.
    #[napi(ts_type = "Array<[name: string, value: string]>")]
    pub labels: Vec<Vec<String>>,
    /// Counter or gauge: the value. Histogram: the sum.
    pub value: f64,
    /// Histogram: upper bounds in base units, ascending, without +Inf.
    pub bounds: Vec<f64>,
    /// Histogram: cumulative counts, one per bound and one for +Inf at the end. Empty otherwise.
    pub counts: Vec<f64>,
}

/// One metric.
#[napi(object)]
pub struct MetricFamily {
    /// `ringstone_...`; counters end in `_total`.
    pub name: String,
    /// What it says.
    pub help: String,
    /// Prometheus' kind.
    #[napi(ts_type = "'counter' | 'gauge' | 'histogram'")]
    pub kind: String,
    /// At least one.
    pub samples: Vec<MetricSample>,
}

impl From<Sample> for MetricSample {
    fn from(sample: Sample) -> Self {
        let labels = sample.labels.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        MetricSample { labels, value: sample.value, bounds: sample.bounds, counts: sample.counts }
    }
}

impl From<Family> for MetricFamily {
    fn from(family: Family) -> Self {
        MetricFamily {
            name: family.name.to_owned(),
            help: family.help.to_owned(),
            kind: family.kind.as_str().to_owned(),
            samples: family.samples.into_iter().map(MetricSample::from).collect(),
        }
    }
}
