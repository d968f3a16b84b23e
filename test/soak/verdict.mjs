// What a soak ends with: whether memory stood still, and whether the server's counts are the clients' own.

const MIB = 1024 * 1024;

/** Share of the run in which the cache fills and the server's heap finds its size. */
export const WARM_UP = 0.25;
/** Growth of resident memory after the warm-up that is taken for noise of two heaps. */
export const ALLOWED_GROWTH_BYTES = 16 * MIB;

/**
 * @typedef {object} Facts
 * @property {{ atMs: number, rssBytes: number }[]} samples of the whole run, in order
 * @property {{ held: number, heldGauge: number, opened: number, accepted: number, closed: number, gauge: number }} connections
 *   `held` and `heldGauge` while all lanes stay connected, the others after the end
 * @property {{ answered: number, abandoned: number, counted: number }} requests
 * @property {{ lost: number, evictions: number }} items
 * @property {{ before: number, after: number }} descriptors
 * @property {string[]} errors of the lanes
 */

/** @typedef {{ ok: boolean, text: string }} Finding */

/**
 * Growth after the warm-up: the maximum of the last third against that of the first.
 * @param {Facts['samples']} samples
 */
export function growth(samples) {
  const end = samples.at(-1)?.atMs ?? 0;
  const start = (samples[0]?.atMs ?? 0) + (end - (samples[0]?.atMs ?? 0)) * WARM_UP;
  const third = (end - start) / 3;
  /** @param {number} from @param {number} to */
  const most = (from, to) =>
    Math.max(...samples.filter(({ atMs }) => atMs >= from && atMs <= to).map(({ rssBytes }) => rssBytes));
  const [first, last] = [most(start, start + third), most(end - third, end)];
  return { first, last, bytes: last - first };
}

/**
 * @param {Facts} facts
 * @returns {Finding[]}
 */
export function judge({ samples, connections, requests, items, descriptors, errors }) {
  const memory = growth(samples);
  const mib = (/** @type {number} */ bytes) => `${(bytes / MIB).toFixed(1)} MiB`;
  const { held, heldGauge, opened, accepted, closed, gauge } = connections;
  return [
    { ok: errors.length === 0, text: errors.length === 0 ? 'every reply was right' : errors.join('; ') },
    {
      ok: memory.bytes <= ALLOWED_GROWTH_BYTES,
      text:
        `resident memory: at most ${mib(memory.first)} in the first third after the warm-up, ${mib(memory.last)} in ` +
        `the last; growth ${mib(memory.bytes)}, allowed ${mib(ALLOWED_GROWTH_BYTES)}`,
    },
    { ok: heldGauge === held, text: `connections open at the end: ${held} own, ${heldGauge} counted` },
    {
      ok: accepted === opened && closed === opened && gauge === 0,
      text: `connections: ${opened} own; counted ${accepted} accepted, ${closed} closed, ${gauge} left`,
    },
    {
      ok: requests.counted >= requests.answered && requests.counted <= requests.answered + requests.abandoned,
      text: `requests: ${requests.answered} answered, ${requests.abandoned} abandoned; counted ${requests.counted}`,
    },
    {
      ok: items.lost <= items.evictions,
      text: `own keys that were missing before their time: ${items.lost}; evictions ${items.evictions}`,
    },
    {
      ok: descriptors.after <= descriptors.before,
      text: `file descriptors: ${descriptors.before} before, ${descriptors.after} after`,
    },
  ];
}
