// A measured process: `node child.mjs JOB` prints what it has measured as JSON. It runs its loads on its main thread, or
// where they want more on worker_threads.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { keysPerCall } from './loads.mjs';
import { runMember } from './member.mjs';

/** @typedef {import('./member.mjs').Part} Part */

/**
 * @typedef {object} Measured
 * @property {string} load
 * @property {number} ns_per_key of all threads together: with two that do not hinder each other, half of what one needs
 * @property {number} calls
 * @property {boolean} complete
 */

/**
 * Gives a function that returns when all threads have called it.
 * @param {Int32Array} state number of arrivals, number of meetings
 * @param {number} threads
 */
function meeting(state, threads) {
  return () => {
    const met = Atomics.load(state, 1);
    if (Atomics.add(state, 0, 1) + 1 === threads) {
      Atomics.store(state, 0, 0);
      Atomics.add(state, 1, 1);
      Atomics.notify(state, 1);
      return;
    }
    while (Atomics.load(state, 1) === met) Atomics.wait(state, 1, met);
  };
}

/** @param {import('./member.mjs').Job} job @returns {Promise<Part[][]>} of each thread */
async function runThreads(job) {
  const { threads } = job.fill;
  if (threads === 1) return [await runMember(job, 0, () => {})];
  const state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  return Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { job, thread, state } });
      return new Promise((resolve, reject) => {
        // One that fails leaves the others waiting for it: the process ends.
        worker.on('message', resolve).on('error', reject);
      });
    }),
  );
}

/** @param {import('./member.mjs').Job} job @param {readonly Part[][]} parts @returns {Measured[]} */
const summary = ({ loads }, parts) =>
  loads.map((load, at) => {
    const own = parts.map(of => /** @type {Part} */ (of[at]));
    const calls = own.reduce((sum, part) => sum + part.calls, 0);
    const rate = own.reduce((sum, part) => sum + part.calls / part.elapsed_ms, 0);
    const ns_per_key = 1e6 / rate / keysPerCall(load.operation);
    return { load: load.name, ns_per_key, calls, complete: own.every(({ complete }) => complete) };
  });

if (isMainThread) {
  const job = JSON.parse(process.argv[2] ?? '');
  const measured = summary(job, await runThreads(job));
  process.stdout.write(`${JSON.stringify({ measured, rss_bytes: process.memoryUsage.rss() })}\n`, () =>
    process.exit(0),
  );
} else {
  const { job, thread, state } = workerData;
  parentPort?.postMessage(await runMember(job, thread, meeting(state, job.fill.threads)));
}
