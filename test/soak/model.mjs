// What a client knows of the keys that only it writes: exact values, times to live, and flushes. A key may be missing at
// any time, for the server evicts; it must never come back changed, late, or after a flush or a deletion.
import { WrongReply } from './connection.mjs';

/** Clock ticks of client and server together; expiry is exact to less. */
const CLOCK_SLACK_MS = 1000;

/** Flushes of the whole run. */
export class Flushes {
  /** @type {{ sent: number, answered: number }[]} */
  #all = [];
  /** Start of a flush whose answer has not come yet. */
  pending = Number.POSITIVE_INFINITY;

  begin() {
    this.pending = performance.now();
  }

  end() {
    this.#all.push({ sent: this.pending, answered: performance.now() });
    this.pending = Number.POSITIVE_INFINITY;
  }

  get count() {
    return this.#all.length;
  }

  /**
   * Whether what was answered at `written` must be gone for a request sent at `asked`.
   * @param {number} written
   * @param {number} asked
   */
  removed(written, asked) {
    return this.#all.some(({ sent, answered }) => sent > written && answered < asked);
  }

  /**
   * Whether what was sent at `sent` may be gone.
   * @param {number} sent
   */
  mayHaveRemoved(sent) {
    const last = this.#all.at(-1);
    return this.pending < Number.POSITIVE_INFINITY || (last !== undefined && last.answered >= sent);
  }
}

/**
 * @typedef {object} Known
 * @property {Buffer} value
 * @property {number} flags memcached's; 0 for what RESP wrote
 * @property {number} sent when the write was sent
 * @property {number} answered when it was answered
 * @property {number} soonest when it may have expired
 * @property {number} latest when it must have expired
 */

/** Keys of one client. */
export class Model {
  /** @type {Map<string, Known>} */
  #known = new Map();
  /** Keys whose write was refused: the old value may be there or not. @type {Set<string>} */
  #uncertain = new Set();
  #flushes;
  /** Keys that were missing without having been deleted, flushed or expired: evictions, if the server counted as many. */
  lost = 0;

  /** @param {Flushes} flushes */
  constructor(flushes) {
    this.#flushes = flushes;
  }

  /**
   * A write that was answered.
   * @param {string} key
   * @param {Buffer} value
   * @param {number} sent
   * @param {{ ttlMs?: number, flags?: number }} [attributes] no time to live without `ttlMs`
   */
  wrote(key, value, sent, { ttlMs = 0, flags = 0 } = {}) {
    const answered = performance.now();
    this.#uncertain.delete(key);
    this.#known.set(key, { value, flags, sent, answered, ...lifetime(sent, answered, ttlMs) });
  }

  /**
   * What was written without an answer has been done by now.
   * @param {string} key
   */
  confirmed(key) {
    const known = this.#known.get(key);
    if (known) known.answered = performance.now();
  }

  /**
   * A write that was refused for lack of memory.
   * @param {string} key
   */
  refused(key) {
    this.#known.delete(key);
    this.#uncertain.add(key);
  }

  /**
   * A new value that keeps the time to live.
   * @param {string} key
   * @param {Buffer} value
   */
  changed(key, value) {
    const known = this.#known.get(key);
    if (known) known.value = value;
  }

  /**
   * A new time to live that was answered as set.
   * @param {string} key
   * @param {number} sent
   * @param {number} ttlMs
   */
  touched(key, sent, ttlMs) {
    const known = this.#known.get(key);
    if (known) Object.assign(known, lifetime(sent, performance.now(), ttlMs));
  }

  /** @param {string} key */
  removed(key) {
    this.#known.delete(key);
    this.#uncertain.delete(key);
  }

  /**
   * What must be there, for a reply that says that something is; throws if nothing can be. Undefined: anything may be.
   * @param {string} key
   * @param {number} sent when the request was sent
   * @returns {Known | undefined}
   */
  present(key, sent) {
    if (this.#uncertain.has(key)) return undefined;
    const known = this.#known.get(key);
    if (!known) throw new WrongReply(`${key} is there, but was deleted or never written`);
    if (sent > known.latest + CLOCK_SLACK_MS)
      throw new WrongReply(`${key} is there, but expired ${Math.round(sent - known.latest)} ms before`);
    if (this.#flushes.removed(known.answered, sent)) throw new WrongReply(`${key} is there, but was flushed`);
    return known;
  }

  /**
   * Whether a key's value is known to be this.
   * @param {string} key
   * @param {string} text
   */
  holds(key, text) {
    return this.#known.get(key)?.value.equals(Buffer.from(text)) === true;
  }

  /**
   * A reply says that the key is not there.
   * @param {string} key
   */
  missing(key) {
    const known = this.#known.get(key);
    this.removed(key);
    if (!known || performance.now() > known.soonest - CLOCK_SLACK_MS) return;
    if (!this.#flushes.mayHaveRemoved(known.sent)) this.lost += 1;
  }
}

/**
 * @param {number} sent
 * @param {number} answered
 * @param {number} ttlMs
 */
function lifetime(sent, answered, ttlMs) {
  const never = Number.POSITIVE_INFINITY;
  return ttlMs === 0 ? { soonest: never, latest: never } : { soonest: sent + ttlMs, latest: answered + ttlMs };
}
