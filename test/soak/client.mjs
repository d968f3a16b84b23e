// What the requests of both protocols are made of: a client's keys, its numbers, and what it knows.
import { WrongReply } from './connection.mjs';
import { describes } from './random.mjs';

/** Keys of a client that only it writes, and counters among them. */
const OWN_KEYS = 120;
const OWN_COUNTERS = 6;
/** Keys that all clients write. */
const SHARED_KEYS = 200;
/** A counter starts below and is added to by as much. */
const COUNTER_STEP = 1000;

/**
 * One request or a few that belong together.
 * @typedef {object} Operation
 * @property {Buffer} bytes
 * @property {number} requests how many the server counts
 * @property {(connection: import('./connection.mjs').Connection, sent: number) => Promise<void>} check takes the replies;
 *   `sent` is when the bytes were sent
 */

/** A client, over all its connections. */
export class Client {
  /**
   * @param {string} name part of its keys
   * @param {import('./random.mjs').Random} random
   * @param {import('./model.mjs').Model} model
   */
  constructor(name, random, model) {
    this.name = name;
    this.random = random;
    this.model = model;
    /** Writes that the server refused for lack of memory. */
    this.refusals = 0;
    this.hits = 0;
    this.misses = 0;
  }

  key() {
    return `own-${this.name}-${this.random.below(OWN_KEYS)}`;
  }

  counter() {
    return `count-${this.name}-${this.random.below(OWN_COUNTERS)}`;
  }

  shared() {
    return `shared-${this.random.below(SHARED_KEYS)}`;
  }

  /** Keys that differ. */
  someKeys() {
    return [...new Set(Array.from({ length: 1 + this.random.below(12) }, () => this.key()))];
  }

  step() {
    return 1 + this.random.below(COUNTER_STEP);
  }

  /** @param {string} key */
  miss(key) {
    this.misses += 1;
    this.model.missing(key);
  }

  /** @param {string} key */
  refuse(key) {
    this.refusals += 1;
    this.model.refused(key);
  }

  /**
   * Takes a value of an own key, whose length the reply has just said.
   * @param {import('./connection.mjs').Connection} connection
   * @param {string} key
   * @param {number} length
   * @param {number} sent
   * @param {number} [flags]
   */
  async takeOwn(connection, key, length, sent, flags) {
    this.hits += 1;
    const known = this.model.present(key, sent);
    if (!known) {
      await connection.bytes(length, key);
      return;
    }
    if (known.value.length !== length)
      throw new WrongReply(`${key} has ${length} bytes, ${known.value.length} were written`);
    if (flags !== undefined && flags !== known.flags)
      throw new WrongReply(`${key} has flags ${flags}, ${known.flags} were written`);
    await connection.same(known.value, key);
  }

  /**
   * Takes a value of a shared key.
   * @param {import('./connection.mjs').Connection} connection
   * @param {string} key
   * @param {number} length
   */
  async takeShared(connection, key, length) {
    this.hits += 1;
    const value = await connection.bytes(length, key);
    if (!describes(key, value))
      throw new WrongReply(`${key}: a value of ${length} bytes that nobody wrote: ${value.toString('latin1', 0, 100)}`);
  }
}

/**
 * @param {string} got
 * @param {string} request
 */
export function unexpected(got, request) {
  return new WrongReply(`${request}: unexpected reply ${JSON.stringify(got.slice(0, 200))}`);
}
