// Density-aware S3-FIFO, Ringstone's policy, on its own: sizes are numbers, and there is no index, no memory and no
// network. ARCHITECTURE.md says why it is as it is; the store is held to it.
import { firstKey } from './policies.mjs';

export const SEGMENT_BYTES = 64 * 1024;
/** A cell has at least so many bytes. */
const CELL_BYTES = 4 * 1024 ** 2;
const MOST_HITS = 3;
/** What the items on probation count for, against 1 for those of the main queue. */
const PROBATION_WEIGHT = 0.6;
/** Factor on the value of a queue's only segment until this part of it is full: it has had no time to be read. */
const FILLING = { factor: 1.25, part: 0.75 };

/** @typedef {import('./policies.mjs').Policy} Policy */

/**
 * @typedef {object} Item
 * @property {number} key
 * @property {number} bytes
 * @property {boolean} mortal
 * @property {number} hits
 * @property {Segment | undefined} segment where it lies; nothing once it is gone
 */

class Segment {
  used = 0;
  live = 0;
  /** Of the live items. */
  hits = 0;
  /** @type {Item[]} all that were appended, in their order */
  items = [];

  /** @param {number} stamp */
  constructor(stamp) {
    this.stamp = stamp;
  }
}

/** @typedef {{ isMain: boolean, segments: Segment[] }} Queue */

/** Powers of four. @param {number} bytes */
const sizeClass = bytes => (32 - Math.clz32(bytes)) >> 1;

class Cell {
  /** @type {Map<number, Item>} */
  #items = new Map();
  /** @type {Set<number>} */
  #ghosts = new Set();
  /** @type {Queue[]} by size class, and each in the order probation, main */
  #queues = [];
  #inflation = 0;
  #free;

  /** @param {number} segments */
  constructor(segments) {
    this.#free = segments;
  }

  /** @param {number} bytes @param {boolean} isMain @returns {Queue} */
  #queue(bytes, isMain) {
    const at = 2 * sizeClass(bytes) + Number(isMain);
    while (this.#queues.length <= at) this.#queues.push({ isMain: this.#queues.length % 2 === 1, segments: [] });
    return /** @type {Queue} */ (this.#queues[at]);
  }

  /** Appends an item; false if there is no room and nothing may be evicted. @param {Item} item @param {boolean} isMain @param {boolean} mayEvict */
  #append(item, isMain, mayEvict) {
    const queue = this.#queue(item.bytes, isMain);
    let segment = queue.segments.at(-1);
    if (!segment || segment.used + item.bytes > SEGMENT_BYTES) {
      while (this.#free === 0) {
        if (!mayEvict) return false;
        this.#evict();
      }
      this.#free -= 1;
      segment = new Segment(this.#inflation);
      queue.segments.push(segment);
    }
    segment.used += item.bytes;
    segment.live += 1;
    segment.hits += item.hits;
    segment.items.push(item);
    item.segment = segment;
    return true;
  }

  /** @param {Item} item */
  #leave(item) {
    if (!item.segment) return;
    item.segment.live -= 1;
    item.segment.hits -= item.hits;
    item.segment = undefined;
  }

  /** @param {Item} item */
  #remove(item) {
    this.#leave(item);
    this.#items.delete(item.key);
  }

  /** What the oldest segment of a queue is worth. @param {Queue} queue */
  #value({ isMain, segments }) {
    const [oldest] = segments;
    if (!oldest) return Number.POSITIVE_INFINITY;
    const value = oldest.stamp + ((isMain ? 1 : PROBATION_WEIGHT) * (oldest.live + oldest.hits)) / SEGMENT_BYTES;
    const filling = segments.length === 1 && oldest.used < SEGMENT_BYTES * FILLING.part;
    return filling ? value * FILLING.factor : value;
  }

  #evict() {
    let least = { value: Number.POSITIVE_INFINITY, queue: this.#queues[0] };
    for (const queue of this.#queues) {
      const value = this.#value(queue);
      if (value < least.value) least = { value, queue };
    }
    const segment = least.queue?.segments.shift();
    if (!least.queue || !segment) throw new Error('a cell without a segment cannot evict');
    this.#free += 1;
    this.#inflation = Math.max(this.#inflation, least.value);
    this.#recycle(segment, least.queue.isMain);
  }

  /** What was read moves on to the main queue, as far as one segment has room for it; the rest goes. @param {Segment} segment @param {boolean} isMain */
  #recycle(segment, isMain) {
    const live = segment.items.filter(item => item.segment === segment);
    for (const item of live.filter(({ hits }) => hits === 0)) {
      this.#remove(item);
      if (isMain) continue;
      this.#ghosts.add(item.key);
      while (this.#ghosts.size > this.#items.size) this.#ghosts.delete(firstKey(this.#ghosts));
    }
    for (const item of live.filter(({ hits }) => hits > 0)) {
      this.#leave(item);
      item.hits = isMain ? item.hits - 1 : 0;
      if (!this.#append(item, true, false)) this.#remove(item);
    }
  }

  /** @param {number} key @param {number} bytes @param {boolean} mortal */
  access(key, bytes, mortal) {
    const known = this.#items.get(key);
    if (known?.segment) {
      if (known.hits < MOST_HITS) {
        known.hits += 1;
        known.segment.hits += 1;
      }
      return true;
    }
    const item = { key, bytes, mortal, hits: 0, segment: undefined };
    this.#append(item, this.#ghosts.delete(key), true);
    this.#items.set(key, item);
    return false;
  }

  expire() {
    for (const item of this.#items.values()) if (item.mortal) this.#remove(item);
  }
}

/** Cells of at least 4 MiB, each with the keys that fall to it. @implements {Policy} */
export class Cells {
  #cells;

  /** @param {number} capacity bytes */
  constructor(capacity) {
    const count = 2 ** Math.max(0, Math.floor(Math.log2(capacity / CELL_BYTES)));
    const segments = Math.floor(capacity / count / SEGMENT_BYTES);
    this.#cells = Array.from({ length: count }, () => new Cell(segments));
  }

  /** Fibonacci hashing. @param {number} key */
  #cellOf(key) {
    const bits = Math.log2(this.#cells.length);
    const at = bits === 0 ? 0 : Math.imul(key, 0x9e3779b1) >>> (32 - bits);
    return /** @type {Cell} */ (this.#cells[at]);
  }

  /** @param {number} key @param {number} bytes @param {boolean} mortal */
  access(key, bytes, mortal) {
    return this.#cellOf(key).access(key, bytes, mortal);
  }

  expire() {
    for (const cell of this.#cells) cell.expire();
  }
}
