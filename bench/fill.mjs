// Fills a server with items over one connection, each acknowledged, and asks how many it holds.
import net from 'node:net';

/** Length of each key: `key:` and the item's number. */
export const KEY_BYTES = 16;
/** Sets that are on their way at once. */
const CHUNK_BYTES = 64 * 1024;
/** Without a byte for so long the server is taken as dead. */
const SILENCE_MS = 30_000;
/** Lives are spread from the first to the second, seconds: no item expires meanwhile, and hardly two in a row have the same. */
const TTL_S = { from: 3600, to: 86_400, step: 7919 };

/**
 * @typedef {object} Items
 * @property {number} first number of the first
 * @property {number} count
 * @property {number} valueBytes
 * @property {boolean} ttl
 */

/** @param {number} number */
const key = number => `key:${String(number).padStart(KEY_BYTES - 4, '0')}`;

/** @param {number} number */
const ttlSeconds = number => TTL_S.from + ((number * TTL_S.step) % (TTL_S.to - TTL_S.from));

const DIALECTS = {
  memcached: {
    stored: 'STORED\r\n',
    refused: 'NOT_STORED\r\n',
    count: { question: 'stats\r\n', end: 'END\r\n', number: /^STAT curr_items (\d+)\r$/m },
    /** @param {string} name @param {string} value @param {number} ttl @param {boolean} present only where the key is there */
    set: (name, value, ttl, present) =>
      `${present ? 'replace' : 'set'} ${name} 0 ${ttl} ${value.length}\r\n${value}\r\n`,
  },
  resp: {
    stored: '+OK\r\n',
    refused: '$-1\r\n',
    count: { question: '*1\r\n$6\r\nDBSIZE\r\n', end: '\r\n', number: /^:(\d+)\r$/m },
    /** @param {string} name @param {string} value @param {number} ttl @param {boolean} present only where the key is there */
    set: (name, value, ttl, present) => {
      const words = ['SET', name, value, ...(ttl > 0 ? ['EX', String(ttl)] : []), ...(present ? ['XX'] : [])];
      return `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`;
    },
  },
};

/** First line that is not the reply that is wanted. @param {string} answer @param {string} reply */
const strangeLine = (answer, reply) =>
  JSON.stringify(
    answer
      .split('\r\n')
      .find(line => line !== reply.trimEnd())
      ?.slice(0, 100),
  );

/** One connection that writes items. */
export class Filler {
  #socket;
  #dialect;
  #received = '';
  /** @type {Error | undefined} */
  #failure;
  #wake = () => {};

  /**
   * @param {string} address `host:port`
   * @param {'memcached' | 'resp'} protocol
   */
  constructor(address, protocol) {
    const colon = address.lastIndexOf(':');
    this.#dialect = DIALECTS[protocol];
    this.#socket = net.connect({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      noDelay: true,
    });
    this.#socket.setTimeout(SILENCE_MS, () => this.#socket.destroy(new Error('the server has fallen silent')));
    this.#socket.setEncoding('latin1').on('data', text => {
      this.#received += text;
      this.#wake();
    });
    this.#socket.on('error', error => {
      this.#failure ??= error;
    });
    this.#socket.on('close', () => {
      this.#failure ??= new Error('the server has closed the connection');
      this.#wake();
    });
  }

  /**
   * Sends a text and waits for its answer.
   * @param {string} text
   * @param {(received: string) => boolean} whole whether the answer is complete
   */
  async #ask(text, whole) {
    this.#received = '';
    this.#socket.write(text, 'latin1');
    while (!whole(this.#received)) {
      if (this.#failure) throw this.#failure;
      await new Promise(resolve => {
        this.#wake = () => resolve(undefined);
      });
    }
    return this.#received;
  }

  /**
   * Writes items; throws unless each is acknowledged.
   * @param {Items} items
   */
  fill(items) {
    return this.#send(items, false, this.#dialect.stored);
  }

  /**
   * Sends items that the server is to refuse, as it has none of their keys: what receives and parses them has its memory
   * then, and no item has any.
   * @param {Items} items
   */
  warm(items) {
    return this.#send(items, true, this.#dialect.refused);
  }

  /** @param {Items} items @param {boolean} present @param {string} reply to each */
  async #send({ first, count, valueBytes, ttl }, present, reply) {
    const value = 'v'.repeat(valueBytes);
    const atOnce = Math.max(1, Math.floor(CHUNK_BYTES / (KEY_BYTES + valueBytes)));
    for (let next = first; next < first + count; next += atOnce) {
      const size = Math.min(atOnce, first + count - next);
      const numbers = Array.from({ length: size }, (_, index) => next + index);
      const wanted = reply.repeat(size);
      const text = numbers
        .map(number => this.#dialect.set(key(number), value, ttl ? ttlSeconds(number) : 0, present))
        .join('');
      // An answer that differs may be shorter than the one that is waited for.
      const answer = await this.#ask(
        text,
        received => received.length >= wanted.length || !wanted.startsWith(received),
      );
      if (answer !== wanted) throw new Error(`a write was answered ${strangeLine(answer, reply)}`);
    }
  }

  /** @returns {Promise<number>} items, as the server counts them */
  async count() {
    const { question, end, number } = this.#dialect.count;
    const answer = await this.#ask(question, received => received.endsWith(end));
    const count = number.exec(answer)?.[1];
    if (count === undefined) throw new Error('the server does not say how many items it holds');
    return Number(count);
  }

  close() {
    this.#socket.destroy();
  }
}
