/**
 * A raw connection: bytes out, bytes in, nothing in between. Every wait ends early when the peer closes, and late only as
 * a guard (`GUARD_MS`) whose error says what had been received.
 */
import net from 'node:net';

/** Where a server listens. */
export type Address = { host: string; port: number } | { path: string };

/** A test that waits so long has failed; nothing is measured by it. */
export const GUARD_MS = 15_000;

/** Longest part of a received text that an error shows. */
const SHOWN_BYTES = 400;

/** Bytes as an error shows them. */
export function show(bytes: Buffer | string): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  return text.length <= SHOWN_BYTES
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, SHOWN_BYTES))}... (${text.length} bytes)`;
}

interface Waiter {
  /** True when this wait is over. */
  done: () => boolean;
  resolve: () => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** One connection. */
export class Wire {
  #socket: net.Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;
  #error: Error | undefined;
  #waiter: Waiter | undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', chunk => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    socket.on('end', () => this.#finish());
    socket.on('close', () => this.#finish());
    socket.on('error', error => {
      this.#error = error;
      this.#finish();
    });
  }

  /** Connects. */
  static connect(address: Address): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ ...address, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Wire(socket));
      });
    });
  }

  /** True once the peer has ended the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The socket's error, if it ended with one. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Bytes received and not yet taken. */
  get available(): number {
    return this.#length;
  }

  /** Sends; strings are latin1, so `\xff` is one byte. Resolves when the kernel has taken it. */
  send(bytes: Buffer | string): Promise<void> {
    return new Promise(resolve => {
      this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => resolve());
    });
  }

  /** Sends `bytes` in pieces that end at `positions`, giving the server a turn after each. */
  async sendSplit(bytes: Buffer, positions: readonly number[]): Promise<void> {
    let start = 0;
    for (const end of [...positions, bytes.length]) {
      if (end <= start) continue;
      await this.send(bytes.subarray(start, end));
      start = end;
      if (end < bytes.length) await pause();
    }
  }

  /** Takes exactly `count` bytes. */
  async read(count: number): Promise<Buffer> {
    await this.#until(() => this.#length >= count, `${count} bytes`);
    return this.#take(count);
  }

  /** Takes one line with its end, as latin1. */
  async readLine(): Promise<string> {
    let line = '';
    await this.#until(() => {
      const bytes = this.peek();
      const end = bytes.indexOf('\r\n');
      if (end < 0) return false;
      line = bytes.toString('latin1', 0, end + 2);
      return true;
    }, 'a line');
    this.#take(line.length);
    return line;
  }

  /** Takes everything up to and with the first `end`. */
  async readThrough(end: Buffer | string): Promise<Buffer> {
    let at = -1;
    await this.#until(() => {
      at = this.peek().indexOf(end, 0, 'latin1');
      return at >= 0;
    }, show(end));
    return this.#take(at + Buffer.byteLength(end, 'latin1'));
  }

  /**
   * Takes the bytes of `wanted`, and fails as soon as one differs, without waiting for the rest.
   */
  async expect(wanted: Buffer | string): Promise<void> {
    const bytes = typeof wanted === 'string' ? Buffer.from(wanted, 'latin1') : wanted;
    await this.#until(() => {
      const got = this.peek();
      const common = Math.min(got.length, bytes.length);
      if (!got.subarray(0, common).equals(bytes.subarray(0, common)))
        throw new Error(`expected ${show(bytes)}\n     got ${show(got)}`);
      return got.length >= bytes.length;
    }, show(bytes));
    this.#take(bytes.length);
  }

  /**
   * Takes what `parse` makes of all that was received: it is asked again with every arrival and at the connection's end, until
   * it answers how many bytes (`end`) are its own. In `need.bytes` it may say how many there must be before it is asked again.
   */
  async readParsed<T extends { readonly end: number }>(
    parse: (bytes: Buffer, ended: boolean, need: { bytes: number }) => T | undefined,
    guardMs = GUARD_MS,
  ): Promise<T> {
    let parsed: T | undefined;
    const need = { bytes: 0 };
    await this.#until(
      () => {
        if (!this.#ended && this.#length < need.bytes) return false;
        need.bytes = 0;
        parsed = parse(this.peek(), this.#ended, need);
        return parsed !== undefined;
      },
      'whole reply',
      guardMs,
    );
    if (!parsed) throw new Error('a wait ended without what it waited for');
    this.#take(parsed.end);
    return parsed;
  }

  /** Waits until the peer ends the connection; answers what was still unread. */
  async readToEnd(): Promise<Buffer> {
    await this.#until(() => this.#ended, 'the end');
    return this.#take(this.#length);
  }

  /** Everything received and not yet taken. */
  peek(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  /** Stops reading, so that the server's output piles up. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Goes on reading. */
  goOnReading(): void {
    this.#socket.resume();
  }

  /** Ends our side only; the server may still answer. */
  endInput(): void {
    this.#socket.end();
  }

  /** Closes at once. */
  close(): void {
    this.#socket.destroy();
  }

  /** Closes with a reset instead of an orderly end (TCP only). */
  reset(): void {
    // Node.js spins for ever on a reset of a socket whose side was ended just before.
    if (this.#ended || this.#socket.writableEnded || this.#socket.destroyed) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #take(count: number): Buffer {
    const bytes = this.peek();
    const taken = bytes.subarray(0, count);
    const rest = bytes.subarray(count);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return taken;
  }

  #finish(): void {
    this.#ended = true;
    this.#wake();
  }

  #until(done: () => boolean, what: string, guardMs = GUARD_MS): Promise<void> {
    if (this.#waiter) throw new Error('two waits on one connection');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`no ${what} within ${guardMs} ms`), guardMs);
      this.#waiter = { done, resolve, reject, timer };
      this.#wake(what);
    });
  }

  #wake(what = 'what was waited for'): void {
    const waiter = this.#waiter;
    if (!waiter) return;
    try {
      if (!waiter.done()) {
        if (this.#ended)
          this.#fail(`the connection ended${this.#error ? ` (${this.#error.message})` : ''} before ${what}`);
        return;
      }
    } catch (error) {
      this.#fail((error as Error).message);
      return;
    }
    this.#waiter = undefined;
    clearTimeout(waiter.timer);
    waiter.resolve();
  }

  #fail(message: string): void {
    const waiter = this.#waiter;
    if (!waiter) return;
    this.#waiter = undefined;
    clearTimeout(waiter.timer);
    waiter.reject(new Error(`${message}; received so far: ${show(this.peek())}`));
  }
}

/** Long enough for another process to read what was sent; not a time that anything depends on. */
const TURN_MS = 1;

/** Gives the server a turn, so that what was sent before and what follows are likely to be two reads. */
export function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, TURN_MS));
}
