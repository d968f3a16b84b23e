// Known policies in their textbook form: exact, in one piece, and with nothing but the items' bytes to account for.
import { Heap } from './heap.mjs';

/** Most hits that S3-FIFO remembers of an item, and its small queue's share. */
const MOST_HITS = 3;
const SMALL_SHARE = 0.1;

/**
 * @typedef {object} Policy
 * @property {(key: number, bytes: number, mortal: boolean) => boolean} access asks for a key and stores it if it is not
 *   there; whether it was there
 * @property {() => void} expire removes everything that was stored as mortal
 */

/** First key of a map or set, which is the one that was put in first. @param {Map<number, unknown> | Set<number>} of */
export function firstKey(of) {
  const { value, done } = of.keys().next();
  if (done) throw new RangeError('there is nothing');
  return value;
}

/** What was used longest ago goes. @implements {Policy} */
export class Lru {
  /** @type {Map<number, { bytes: number, mortal: boolean }>} */
  #items = new Map();
  #used = 0;
  #capacity;

  /** @param {number} capacity bytes */
  constructor(capacity) {
    this.#capacity = capacity;
  }

  /** @param {number} key */
  #remove(key) {
    this.#used -= this.#items.get(key)?.bytes ?? 0;
    this.#items.delete(key);
  }

  /** @param {number} key @param {number} bytes @param {boolean} mortal */
  access(key, bytes, mortal) {
    const item = this.#items.get(key);
    this.#items.delete(key);
    this.#items.set(key, item ?? { bytes, mortal });
    if (item) return true;
    this.#used += bytes;
    while (this.#used > this.#capacity) this.#remove(firstKey(this.#items));
    return false;
  }

  expire() {
    for (const [key, { mortal }] of this.#items) if (mortal) this.#remove(key);
  }
}

/**
 * S3-FIFO (Yang et al., SOSP 2023): a small queue on probation, a main one, and ghosts.
 * @implements {Policy}
 */
export class S3Fifo {
  /** @typedef {{ bytes: number, mortal: boolean, hits: number }} Item */
  /** @type {{ items: Map<number, Item>, used: number }} */
  #small = { items: new Map(), used: 0 };
  /** @type {{ items: Map<number, Item>, used: number }} */
  #main = { items: new Map(), used: 0 };
  /** @type {Set<number>} */
  #ghosts = new Set();
  #capacity;

  /** @param {number} capacity bytes */
  constructor(capacity) {
    this.#capacity = capacity;
  }

  /** @param {{ items: Map<number, Item>, used: number }} queue @param {number} key */
  #take(queue, key) {
    const item = /** @type {Item} */ (queue.items.get(key));
    queue.items.delete(key);
    queue.used -= item.bytes;
    return item;
  }

  /** @param {{ items: Map<number, Item>, used: number }} queue @param {number} key @param {Item} item */
  #put(queue, key, item) {
    queue.items.set(key, item);
    queue.used += item.bytes;
  }

  #evict() {
    const fromSmall = this.#small.used > this.#capacity * SMALL_SHARE || this.#main.items.size === 0;
    const queue = fromSmall ? this.#small : this.#main;
    const key = firstKey(queue.items);
    const item = this.#take(queue, key);
    if (item.hits > 0) this.#put(this.#main, key, { ...item, hits: fromSmall ? 0 : item.hits - 1 });
    else if (fromSmall) {
      this.#ghosts.add(key);
      if (this.#ghosts.size > this.#small.items.size + this.#main.items.size)
        this.#ghosts.delete(firstKey(this.#ghosts));
    }
  }

  /** @param {number} key @param {number} bytes @param {boolean} mortal */
  access(key, bytes, mortal) {
    const item = this.#small.items.get(key) ?? this.#main.items.get(key);
    if (item) {
      item.hits = Math.min(MOST_HITS, item.hits + 1);
      return true;
    }
    this.#put(this.#ghosts.delete(key) ? this.#main : this.#small, key, { bytes, mortal, hits: 0 });
    while (this.#small.used + this.#main.used > this.#capacity) this.#evict();
    return false;
  }

  expire() {
    for (const queue of [this.#small, this.#main])
      for (const [key, { mortal }] of queue.items) if (mortal) this.#take(queue, key);
  }
}

/**
 * GreedyDual-Size-Frequency (Cherkasova, 1998): the item goes that had the fewest hits for its bytes, and what is left
 * ages.
 * @implements {Policy}
 */
export class Gdsf {
  /** @type {Map<number, { bytes: number, mortal: boolean, frequency: number, priority: number }>} */
  #items = new Map();
  /** Has what was true of an item once; entries that no longer hold are passed over. */
  #heap = new Heap();
  #inflation = 0;
  #used = 0;
  #capacity;

  /** @param {number} capacity bytes */
  constructor(capacity) {
    this.#capacity = capacity;
  }

  /** @param {number} key @param {number} bytes */
  #remove(key, bytes) {
    this.#used -= bytes;
    this.#items.delete(key);
  }

  /** @param {number} key @param {number} bytes @param {boolean} mortal */
  access(key, bytes, mortal) {
    const known = this.#items.get(key);
    const item = known ?? { bytes, mortal, frequency: 0, priority: 0 };
    item.frequency += 1;
    item.priority = this.#inflation + item.frequency / bytes;
    this.#heap.push(item.priority, key);
    if (known) return true;
    this.#items.set(key, item);
    this.#used += bytes;
    while (this.#used > this.#capacity) {
      const least = this.#heap.pop();
      const victim = this.#items.get(least.key);
      if (victim?.priority !== least.priority) continue;
      this.#inflation = least.priority;
      this.#remove(least.key, victim.bytes);
    }
    return false;
  }

  expire() {
    for (const [key, { bytes, mortal }] of this.#items) if (mortal) this.#remove(key, bytes);
  }
}
