/** `/metrics` as Prometheus' text format 0.0.4, for tests that look at single numbers. */
import { eventually } from './eventually.ts';

/** One sample's labels and value. */
export interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Samples by name, histogram parts by their full names (`_bucket`, `_sum`, `_count`). */
export class Metrics {
  readonly types = new Map<string, string>();
  readonly samples = new Map<string, Sample[]>();

  constructor(text: string) {
    for (const line of text.split('\n')) {
      const type = /^# TYPE (\S+) (\S+)$/.exec(line);
      if (type?.[1] && type[2]) this.types.set(type[1], type[2]);
      const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (!sample?.[1] || line.startsWith('#')) continue;
      const labels: Record<string, string> = {};
      for (const [, name = '', value = ''] of (sample[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
        labels[name] = value;
      const list = this.samples.get(sample[1]) ?? [];
      list.push({ labels, value: Number(sample[3]) });
      this.samples.set(sample[1], list);
    }
  }

  /** Sum of a metric's samples that have these labels. */
  sum(name: string, labels: Record<string, string> = {}): number {
    const samples = this.samples.get(name);
    if (!samples) throw new Error(`/metrics has no ${name}`);
    const wanted = Object.entries(labels);
    return samples
      .filter(sample => wanted.every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, sample) => sum + sample.value, 0);
  }
}

/** Reads `/metrics`. */
export async function readMetrics(http: string): Promise<Metrics> {
  const response = await fetch(`${http}/metrics`);
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  return new Metrics(await response.text());
}

/** Waits until `/metrics` fulfils something. */
export function metricsUntil(http: string, what: string, done: (metrics: Metrics) => boolean): Promise<Metrics> {
  return eventually(what, async () => {
    const metrics = await readMetrics(http);
    return done(metrics) ? metrics : undefined;
  });
}
