// Replays a trace to a server: each request is a get, and where it misses a set of the same key before the next get. One
// connection, on which a server answers in order, and one request after the other: the set goes out together with the next
// get, so each request is one round trip and none overtakes another.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DIALECTS } from './dialects.mjs';
import { uniform } from './random.mjs';
import { KEY_BYTES } from './traces.mjs';

/** @typedef {import('./traces.mjs').Trace} Trace */

const MAX_VALUE_BYTES = 64 * 1024;
/** Room for a value and what stands around it, twice: for what is sent and for what is received. */
const BUFFER_BYTES = 2 * MAX_VALUE_BYTES;
/** Values are cut from one text, each key's at another place up to this one: so those of different keys differ. */
const PLACES = 4093;
/**
 * Without a byte for so long, so many times in a row, the server is taken as dead. Where this process itself stood still,
 * its timer comes before the bytes that have arrived meanwhile.
 */
const SILENCE = { ms: 15_000, times: 2 };
/** Servers may count time in whole seconds: a life may be so much shorter or longer. */
const LIFE_SLACK_MS = 1000;
/** Requests from one report of progress to the next. */
const PROGRESS_REQUESTS = 100_000;

/** Printable characters. */
const CHARACTERS = { first: 33, count: 94 };

const random = uniform(0);
const TEXT = Buffer.from(
  Array.from({ length: MAX_VALUE_BYTES + PLACES }, () => CHARACTERS.first + Math.floor(random() * CHARACTERS.count)),
);

/** @param {number} key */
const keyText = key => `key:${String(key).padStart(KEY_BYTES - 4, '0')}`;

/** @param {number} key @param {number} bytes */
function valueText(key, bytes) {
  const place = key % PLACES;
  return TEXT.subarray(place, place + bytes);
}

/** A connection that replays a trace and holds every reply against it. */
export class Replay {
  #trace;
  #dialect;
  #socket;
  #received = Buffer.allocUnsafe(BUFFER_BYTES);
  #receivedBytes = 0;
  #sent = Buffer.allocUnsafe(BUFFER_BYTES);
  /** Keys of which the server may have an item. @type {Set<number>} */
  #stored = new Set();
  #misses = 0;
  #silences = 0;
  /** The request whose get is on its way, and whether a set is before it. */
  #request = 0;
  #setIsOut = false;
  #end = 0;
  /** Settle the stretch that runs. */
  #done = () => {};
  #fail = (/** @type {Error} */ _) => {};
  /** @type {Error | undefined} */
  #failure;

  /**
   * @param {string} address `host:port`
   * @param {keyof typeof DIALECTS} protocol
   * @param {Trace} trace
   */
  constructor(address, protocol, trace) {
    const colon = address.lastIndexOf(':');
    this.#trace = trace;
    /** @type {import('./dialects.mjs').Dialect} */
    this.#dialect = DIALECTS[protocol];
    this.#socket = net.connect({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafe(BUFFER_BYTES), callback: (bytes, from) => this.#receive(bytes, from) },
    });
    this.#socket.on('timeout', () => this.#wait());
    this.#socket.on('error', error => this.#lose(error));
    this.#socket.on('close', () => this.#lose(new Error('the server has closed the connection')));
  }

  /** A time without a byte is over. */
  #wait() {
    this.#silences += 1;
    if (this.#silences >= SILENCE.times) this.#lose(new Error('the server has fallen silent'));
    else this.#socket.setTimeout(SILENCE.ms);
  }

  /** @param {Error} error */
  #lose(error) {
    this.#failure ??= error;
    this.#fail(this.#failure);
    this.#socket.destroy();
  }

  /** @param {number} request */
  #at(request) {
    const { keys, sizes, lives_s } = this.#trace;
    const [key = 0, bytes = 0, life_s = 0] = [keys[request], sizes[request], lives_s[request]];
    return { key, text: keyText(key), bytes: bytes - KEY_BYTES, life_s };
  }

  /** Sends the next get, with the set that its predecessor calls for. @param {boolean} predecessorMissed */
  #send(predecessorMissed) {
    const out = this.#sent;
    let length = 0;
    if (predecessorMissed) {
      const { key, text, bytes, life_s } = this.#at(this.#request - 1);
      length += out.write(this.#dialect.setHead(text, bytes, life_s), length, 'latin1');
      length += valueText(key, bytes).copy(out, length);
      length += out.write(this.#dialect.setTail(life_s), length, 'latin1');
      this.#stored.add(key);
    }
    this.#setIsOut = predecessorMissed;
    if (this.#request < this.#end)
      length += out.write(this.#dialect.get(this.#at(this.#request).text), length, 'latin1');
    // What is sent from is not written again before the reply to all of it is there.
    this.#socket.write(out.subarray(0, length));
  }

  /** @param {number} bytes @param {Uint8Array} from */
  #receive(bytes, from) {
    if (this.#receivedBytes + bytes > BUFFER_BYTES) this.#lose(this.#strange('more than was asked for'));
    else {
      this.#received.set(from.subarray(0, bytes), this.#receivedBytes);
      this.#receivedBytes += bytes;
      this.#silences = 0;
      this.#read();
    }
    return !this.#failure;
  }

  /** @param {string} what */
  #strange(what) {
    const line = this.#received.toString('latin1', 0, Math.min(this.#receivedBytes, 100)).split('\r\n')[0];
    return new Error(`request ${this.#request}: ${what}; the answer begins with ${JSON.stringify(line)}`);
  }

  /**
   * Whether a text stands at a place of what was received; nothing while it may yet come.
   * @param {string} text
   * @param {number} place
   */
  #stands(text, place) {
    const have = Math.min(text.length, this.#receivedBytes - place);
    if (this.#received.toString('latin1', place, place + have) !== text.slice(0, have)) return false;
    return have === text.length ? true : undefined;
  }

  /** Reads what has come, as far as it is whole. */
  #read() {
    let place = 0;
    if (this.#setIsOut) {
      const stored = this.#stands(this.#dialect.stored, 0);
      if (stored === false) return this.#lose(this.#strange('the set before it was not acknowledged'));
      if (stored === undefined) return;
      place = this.#dialect.stored.length;
    }
    if (this.#request === this.#end) return this.#finish(place);
    const missed = this.#stands(this.#dialect.miss, place);
    if (missed === undefined) return;
    if (missed) return this.#next(place + this.#dialect.miss.length, true);
    const end = this.#hitEnd(place);
    if (end !== undefined) this.#next(end, false);
  }

  /** Where the hit ends that begins at a place; nothing while it is not whole, or if it is none. @param {number} place */
  #hitEnd(place) {
    const { key, text, bytes } = this.#at(this.#request);
    const head = this.#dialect.hitHead(text, bytes);
    const begins = this.#stands(head, place);
    if (begins === false) return this.#lose(this.#strange('the get was answered otherwise than it can be'));
    const at = place + head.length;
    const tail = at + bytes;
    if (!begins || this.#receivedBytes < tail + this.#dialect.hitTail.length) return undefined;
    const same = valueText(key, bytes).compare(this.#received, at, tail) === 0;
    if (!same || !this.#stands(this.#dialect.hitTail, tail))
      return this.#lose(this.#strange('the value is not the one that was stored'));
    if (!this.#stored.has(key)) return this.#lose(this.#strange('the item should not be there'));
    return tail + this.#dialect.hitTail.length;
  }

  /** Goes on to the next request. @param {number} end of the answer @param {boolean} missed */
  #next(end, missed) {
    if (end !== this.#receivedBytes) return this.#lose(this.#strange('more than was asked for'));
    this.#receivedBytes = 0;
    this.#misses += Number(missed);
    this.#request += 1;
    if (this.#request < this.#end || missed) this.#send(missed);
    else this.#finish(0);
  }

  /** @param {number} end of the last answer */
  #finish(end) {
    if (end !== this.#receivedBytes) return this.#lose(this.#strange('more than was asked for'));
    this.#receivedBytes = 0;
    this.#setIsOut = false;
    this.#done();
  }

  /** Requests up to a number. @param {number} end @returns {Promise<void>} */
  async #stretch(end) {
    if (this.#failure) throw this.#failure;
    this.#end = end;
    if (this.#request === end) return;
    this.#socket.setTimeout(SILENCE.ms);
    await new Promise((resolve, reject) => {
      this.#done = () => resolve(undefined);
      this.#fail = reject;
      this.#send(false);
    });
    this.#socket.setTimeout(0);
  }

  /** Lets the short lives end. @param {number} began when the first of them may have begun, ms */
  async #outlive(began) {
    const { short_s, keys, lives_s } = this.#trace;
    const took = performance.now() - began;
    if (took > short_s * 1000 - LIFE_SLACK_MS)
      throw new Error(
        `lives of ${short_s} s ended while the requests were under way, which took ${Math.ceil(took)} ms`,
      );
    await sleep(short_s * 1000 + LIFE_SLACK_MS);
    for (let request = 0; request < this.#request; request++)
      if (lives_s[request] === short_s) this.#stored.delete(keys[request] ?? 0);
  }

  /**
   * Replays the trace; throws at the first reply that is wrong.
   * @param {(requests: number, misses: number) => void} progress
   * @returns {Promise<number>} misses
   */
  async run(progress) {
    const total = this.#trace.keys.length;
    for (const end of [...this.#trace.pauses, total]) {
      const began = performance.now();
      while (this.#request < end) {
        await this.#stretch(Math.min(end, (Math.floor(this.#request / PROGRESS_REQUESTS) + 1) * PROGRESS_REQUESTS));
        progress(this.#request, this.#misses);
      }
      if (end < total) await this.#outlive(began);
    }
    return this.#misses;
  }

  close() {
    this.#socket.destroy();
  }
}
