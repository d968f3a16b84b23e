// How long the event loop of this process stands still, and how much of it is garbage collection.
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/** Between two looks of the histogram: a pause is known to so many milliseconds. */
const RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;

/**
 * @typedef {object} Pauses
 * @property {number} longest_ms that the loop was late for a timer
 * @property {number} p999_ms
 * @property {number} gc_longest_ms
 * @property {number} gc_total_ms of all collections
 * @property {number} elapsed_ms
 */

/**
 * Measures pauses while a body runs.
 * @param {() => Promise<void>} body
 * @returns {Promise<Pauses>}
 */
export async function measurePauses(body) {
  const collections = { longest_ms: 0, total_ms: 0 };
  const observer = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) {
      collections.longest_ms = Math.max(collections.longest_ms, duration);
      collections.total_ms += duration;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const begin = performance.now();
  await body();
  const elapsed_ms = performance.now() - begin;
  histogram.disable();
  // Entries come with a turn of the loop.
  await new Promise(resolve => setTimeout(resolve, 2 * RESOLUTION_MS));
  observer.disconnect();
  return {
    // The histogram has intervals, of which the wanted one is a part.
    longest_ms: Math.max(0, histogram.max / NS_PER_MS - RESOLUTION_MS),
    p999_ms: Math.max(0, histogram.percentile(99.9) / NS_PER_MS - RESOLUTION_MS),
    gc_longest_ms: collections.longest_ms,
    gc_total_ms: collections.total_ms,
    elapsed_ms,
  };
}
