// One lane of the soak: connection after connection, over both protocols and all listeners, each with some pipelines and
// one of many ways to end.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.mjs';
import { Connection } from './connection.mjs';
import { memcached } from './memcached.mjs';
import { Flushes, Model } from './model.mjs';
import { resp } from './resp.mjs';

/** @typedef {typeof memcached | typeof resp} Protocol */

const MOST_PIPELINES = 40;
const MOST_IN_A_PIPELINE = 32;
/** Share of the turns that are a dialogue instead of a pipeline, and of those that wait a little first. */
const EXCHANGES = 0.05;
const PAUSES = 0.03;
const LONGEST_PAUSE_MS = 200;
/** Unread requests of a client that goes away without reading. */
const UNREAD_REQUESTS = 40;

/** Counts of the whole run. */
export class Tally {
  opened = 0;
  /** Requests whose replies were all taken. */
  answered = 0;
  /** Requests sent, at least in part, whose replies nobody took. */
  abandoned = 0;
  receivedBytes = 0;
  /** @type {Record<string, number>} */
  endings = {};
}

/** One lane. */
export class Lane {
  #tally;
  #random;
  #addresses;
  #client;
  /** Writes keys that nobody reads, for connections that end with unknown results. */
  #careless;
  /** @type {Connection | undefined} */
  #connection;

  /**
   * @param {number} number
   * @param {import('./random.mjs').Random} random
   * @param {readonly import('./connection.mjs').Address[]} addresses
   * @param {Flushes} flushes
   * @param {Tally} tally
   */
  constructor(number, random, addresses, flushes, tally) {
    this.#tally = tally;
    this.#random = random;
    this.#addresses = addresses;
    this.#client = new Client(String(number), random, new Model(flushes));
    this.#careless = new Client(`careless-${number}`, random, new Model(new Flushes()));
  }

  get client() {
    return this.#client;
  }

  /**
   * Works until the signal, then stays connected.
   * @param {AbortSignal} stop
   */
  async run(stop) {
    while (!stop.aborted) {
      this.#tally.opened += 1;
      const connection = await Connection.open(this.#random.of(this.#addresses));
      this.#connection = connection;
      const protocol = this.#random.of([memcached, resp]);
      const turns = 1 + this.#random.below(MOST_PIPELINES);
      for (let turn = 0; turn < turns && !stop.aborted; turn += 1) await this.#turn(protocol, connection);
      if (stop.aborted) return;
      const ending = this.#random.of(ENDINGS);
      this.#tally.endings[ending] = (this.#tally.endings[ending] ?? 0) + 1;
      await this[ending](protocol, connection);
      this.#tally.receivedBytes += connection.taken;
      this.#connection = undefined;
    }
  }

  /** Closes the connection that was kept. */
  leave() {
    this.#connection?.close();
  }

  /** Whether it holds a connection. */
  get isConnected() {
    return this.#connection !== undefined;
  }

  /**
   * @param {Protocol} protocol
   * @param {Connection} connection
   */
  async #turn(protocol, connection) {
    if (this.#random.chance(PAUSES)) await sleep(this.#random.below(LONGEST_PAUSE_MS));
    if (this.#random.chance(EXCHANGES)) {
      // Not in one expression: other lanes count meanwhile.
      const requests = await protocol.exchange(this.#client, connection);
      this.#tally.answered += requests;
    } else {
      const operations = this.#pipeline(protocol, this.#client);
      const sent = performance.now();
      connection.send(Buffer.concat(operations.map(({ bytes }) => bytes)));
      await this.#check(operations, connection, sent);
    }
  }

  /**
   * @param {Protocol} protocol
   * @param {Client} client
   */
  #pipeline(protocol, client) {
    const length = 1 + this.#random.below(this.#random.chance(0.5) ? 3 : MOST_IN_A_PIPELINE);
    return Array.from({ length }, () => this.#random.of(protocol.operations)(client));
  }

  /**
   * @param {readonly import('./client.mjs').Operation[]} operations
   * @param {Connection} connection
   * @param {number} sent
   */
  async #check(operations, connection, sent) {
    for (const { requests, check } of operations) {
      await check(connection, sent);
      this.#tally.answered += requests;
    }
  }

  /**
   * Closes between two requests.
   * @param {Protocol} _protocol
   * @param {Connection} connection
   */
  async close(_protocol, connection) {
    connection.close();
  }

  /**
   * Asks the server to close.
   * @param {Protocol} protocol
   * @param {Connection} connection
   */
  async quit({ quit }, connection) {
    connection.send(quit.bytes);
    if (quit.reply !== '') await connection.same(Buffer.from(`${quit.reply}\r\n`), 'the reply to quit');
    this.#tally.answered += 1;
    await connection.end();
  }

  /**
   * Ends its side behind a pipeline: all of it must be answered.
   * @param {Protocol} protocol
   * @param {Connection} connection
   */
  async endAfterPipeline(protocol, connection) {
    const operations = this.#pipeline(protocol, this.#client);
    const sent = performance.now();
    connection.send(Buffer.concat(operations.map(({ bytes }) => bytes)));
    connection.endInput();
    await this.#check(operations, connection, sent);
    await connection.end();
  }

  /**
   * Vanishes in the middle of a request.
   * @param {Protocol} protocol
   * @param {Connection} connection
   */
  async vanish(protocol, connection) {
    const operations = this.#pipeline(protocol, this.#careless);
    const bytes = Buffer.concat(operations.map(one => one.bytes));
    for (const { requests } of operations) this.#tally.abandoned += requests;
    await connection.sentOrStuck(bytes.subarray(0, this.#random.below(bytes.length)));
    if (this.#random.chance(0.5)) connection.reset();
    else connection.close();
  }

  /**
   * Asks for much and goes without reading it.
   * @param {Protocol} protocol
   * @param {Connection} connection
   */
  async ignoreReplies(protocol, connection) {
    const reads = protocol.operations.slice(-1);
    const operations = Array.from({ length: UNREAD_REQUESTS }, () => reads.map(make => make(this.#careless))).flat();
    for (const { requests } of operations) this.#tally.abandoned += requests;
    await connection.sentOrStuck(Buffer.concat(operations.map(({ bytes }) => bytes)));
    await sleep(this.#random.below(LONGEST_PAUSE_MS));
    if (this.#random.chance(0.5)) connection.reset();
    else connection.close();
  }
}

/** How connections end; the methods above. */
const ENDINGS = /** @type {const} */ ([
  'close',
  'close',
  'quit',
  'quit',
  'endAfterPipeline',
  'vanish',
  'vanish',
  'ignoreReplies',
]);
