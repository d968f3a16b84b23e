/** Families with everything that is hard to write: escapes, special numbers, histograms, no samples. */
import type { MetricFamily } from '../../ts/native.ts';

export const FAMILIES: readonly MetricFamily[] = [
  {
    name: 'ringstone_commands_total',
    help: 'Commands "executed"\nby kind \\ name.',
    kind: 'counter',
    samples: [
      { labels: [['protocol', 'resp']], value: 3, bounds: [], counts: [] },
      { labels: [['protocol', 'a"b\\c\nd']], value: 2 ** 53 - 1, bounds: [], counts: [] },
    ],
  },
  {
    name: 'ringstone_items',
    help: 'Items.',
    kind: 'gauge',
    samples: [{ labels: [], value: Number.NaN, bounds: [], counts: [] }],
  },
  {
    name: 'ringstone_wait_seconds',
    help: 'Waits.',
    kind: 'histogram',
    samples: [{ labels: [['of', 'x']], value: 1.5, bounds: [0.000001, 1], counts: [1, 4, 6] }],
  },
  { name: 'ringstone_errors_total', help: 'None yet.', kind: 'counter', samples: [] },
];
