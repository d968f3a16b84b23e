// A client's connection of the soak: bytes out, replies in, and every way of leaving.
import net from 'node:net';

/** Longest wait for a reply; who waits so long has found a fault. */
export const REPLY_GUARD_MS = 60_000;
/** Longest wait of a client that means to go without reading. */
const STUCK_MS = 500;
/** Received and not yet taken bytes above which the socket is not read. */
const READ_AHEAD_BYTES = 256 * 1024;

/** A reply that is not what it must be. */
export class WrongReply extends Error {}

/** @typedef {{ host: string, port: number } | { path: string }} Address */

/** One connection. */
export class Connection {
  #socket;
  /** @type {Buffer[]} */
  #chunks = [];
  #length = 0;
  #ended = false;
  /** @type {(() => void) | undefined} */
  #wake;
  /** Bytes of replies taken so far. */
  taken = 0;

  /** @param {net.Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on('data', chunk => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      if (this.#length > READ_AHEAD_BYTES) socket.pause();
      this.#wake?.();
    });
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  /**
   * @param {Address} address
   * @returns {Promise<Connection>}
   */
  static open(address) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ ...address, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** @param {Buffer} bytes */
  send(bytes) {
    this.#socket.write(bytes);
  }

  /**
   * Sends and waits until the kernel has taken it all, but not for long: the server does not read from who does not read.
   * @param {Buffer} bytes
   * @returns {Promise<void>}
   */
  sentOrStuck(bytes) {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, STUCK_MS);
      this.#socket.write(bytes, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Takes one line; answers it without its end, as latin1. */
  async line() {
    for (;;) {
      if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
      const end = this.#chunks[0]?.indexOf('\r\n') ?? -1;
      if (end >= 0) {
        const line = this.#chunks[0]?.toString('latin1', 0, end) ?? '';
        this.#skip(end + 2);
        return line;
      }
      await this.#more('a line');
    }
  }

  /**
   * Takes exactly these bytes, comparing them as they come.
   * @param {Buffer} wanted
   * @param {string} what
   */
  async same(wanted, what) {
    for (let at = 0; at < wanted.length; ) {
      const chunk = this.#chunks[0];
      if (!chunk) {
        await this.#more(what);
        continue;
      }
      const length = Math.min(chunk.length, wanted.length - at);
      if (chunk.compare(wanted, at, at + length, 0, length) !== 0)
        throw new WrongReply(`${what}: bytes ${at} to ${at + length} of ${wanted.length} differ`);
      this.#skip(length);
      at += length;
    }
  }

  /**
   * Takes so many bytes.
   * @param {number} length
   * @param {string} what
   */
  async bytes(length, what) {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; ) {
      const chunk = this.#chunks[0];
      if (!chunk) {
        await this.#more(what);
        continue;
      }
      const part = chunk.copy(bytes, at, 0, length - at);
      this.#skip(part);
      at += part;
    }
    return bytes;
  }

  /** Waits for the server's end of the connection; nothing may come before it. */
  async end() {
    while (!this.#ended) {
      if (this.#length > 0) throw new WrongReply(`${this.#length} bytes too many before the end`);
      await this.#more('the end', true);
    }
    if (this.#length > 0) throw new WrongReply(`${this.#length} bytes too many at the end`);
    this.#socket.destroy();
  }

  /** Ends this side only. */
  endInput() {
    this.#socket.end();
  }

  /** Goes at once, whatever is unread. */
  close() {
    this.#socket.destroy();
  }

  /** Goes at once with a reset, which a unix socket does not have. */
  reset() {
    if (this.#socket.remotePort === undefined || this.#ended || this.#socket.destroyed) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** @param {number} length */
  #skip(length) {
    const chunk = this.#chunks[0];
    if (chunk?.length === length) this.#chunks.shift();
    else if (chunk) this.#chunks[0] = chunk.subarray(length);
    this.#length -= length;
    this.taken += length;
    if (this.#length <= READ_AHEAD_BYTES) this.#socket.resume();
  }

  /**
   * Waits for more bytes.
   * @param {string} what for the message
   * @param {boolean} [mayEnd] whether the end is what is waited for
   * @returns {Promise<void>}
   */
  #more(what, mayEnd = false) {
    // A line longer than that does not exist, but a long reply may have stopped the socket.
    this.#socket.resume();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wake = undefined;
        reject(new WrongReply(`no ${what} within ${REPLY_GUARD_MS} ms`));
      }, REPLY_GUARD_MS);
      const wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        if (this.#ended && this.#length === 0 && !mayEnd)
          reject(new WrongReply(`the server closed the connection before ${what}`));
        else resolve();
      };
      this.#wake = wake;
      if (this.#ended) wake();
    });
  }
}
