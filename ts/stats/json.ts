import type { MetricFamily, MetricSample } from '../native.ts';

function sampleValue(family: MetricFamily, sample: MetricSample): unknown {
  if (family.kind !== 'histogram') return sample.value;
  const buckets = sample.counts.map((count, index) => ({ le: sample.bounds[index] ?? '+Inf', count }));
  return { sum: sample.value, count: sample.counts.at(-1) ?? 0, buckets };
}

/** Families as plain objects: a value where a family has no labels, a list of labels and values otherwise. */
export function metricsAsJson(families: readonly MetricFamily[]): Record<string, unknown> {
  const entries = families.map(family => {
    const [first] = family.samples;
    const plain = family.samples.length === 1 && first?.labels.length === 0;
    const list = () =>
      family.samples.map(sample => ({ labels: Object.fromEntries(sample.labels), value: sampleValue(family, sample) }));
    return [family.name, plain && first ? sampleValue(family, first) : list()] as const;
  });
  return Object.fromEntries(entries);
}
