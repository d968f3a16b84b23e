import { types } from 'node:util';
import { fromNative, LoadError, RingstoneError } from '../errors.ts';
import type { LoaderRun, LoaderSettled, NativeCache, NativeLoaders } from '../native.ts';
import type { Bytes, Key } from './cache.ts';
import {
  checkPattern,
  Loader,
  type LoaderOptions,
  type LoaderPlace,
  type LoaderStats,
  type LoadFunction,
  loaderOptions,
} from './loader.ts';
import { STATUS, statusError } from './status.ts';

/** What loads need of the opening of a cache that they belong to. */
export interface LoadsOwner<Out, In> {
  readonly native: NativeCache;
  /** What is to be done about a key, as `TO_DO` lists, or a status. */
  ask(key: Key, ticket: number): number;
  /** Reads as always. */
  get(key: Key): Out | undefined;
  /** A value as it is stored, and its flags. */
  encode(value: In): { readonly bytes: Bytes; readonly flags: number };
  /** The opposite. */
  decode(bytes: Buffer, flags: number): Out;
}

/** As `ToDo` in crates/addon/src/loads/host.rs. */
const TO_DO = { READ: 0, NOTHING: 1, WAIT: 2 } as const;

/** Events that are dealt with before others have their turn. */
const MAX_EVENTS_PER_TURN = 256;

/** Those that have loaders or wait for loads, which so are not collected. */
const active = new Set<object>();

/** A key that is waited for. */
interface Wanted {
  readonly key: Buffer;
  /** Calls of `fetch`. */
  calls: number;
  /** What a loader of this thread has rejected with, and what others are told of that. */
  cause?: { readonly told: string; readonly error: unknown };
}

/** A call of `fetch` that waits. */
interface Waiting<Out> {
  readonly wanted: Wanted;
  readonly resolve: (value: Out | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** The loaders of one opening of a cache, their runs, and who waits for loads. */
export class Loads<Out, In> implements LoaderPlace {
  readonly #owner: LoadsOwner<Out, In>;
  readonly #native: NativeLoaders;
  readonly #loaders = new Map<number, { readonly load: LoadFunction<In, Out>; readonly loader: Loader }>();
  readonly #runs = new Map<number, { readonly loader: number; readonly controller: AbortController }>();
  readonly #waiting = new Map<number, Waiting<Out>>();
  /** By their bytes, one character each. */
  readonly #wanted = new Map<string, Wanted>();
  #lastLoader = 0;
  #lastTicket = 0;

  constructor(owner: LoadsOwner<Out, In>) {
    this.#owner = owner;
    // Only weakly, as the native part would keep alive all of this for ever.
    const own = new WeakRef(this);
    this.#native = owner.native.loaders(() => {
      const loads = own.deref();
      if (loads) loads.#takeEvents();
    });
  }

  /** Registers a loader. */
  register(pattern: string, load: LoadFunction<In, Out>, options: LoaderOptions): Loader {
    checkPattern(pattern);
    if (typeof load !== 'function') {
      throw new RingstoneError('RINGSTONE_INVALID_ARGUMENT', 'a loader needs a function that gives the value of a key');
    }
    this.#lastLoader += 1;
    const number = this.#lastLoader;
    const loader = new Loader(this, number, pattern);
    const complete = loaderOptions(options);
    try {
      this.#native.register(number, pattern, complete);
    } catch (error) {
      throw fromNative(error);
    }
    this.#loaders.set(number, { load, loader });
    active.add(this);
    return loader;
  }

  stats(number: number): LoaderStats | undefined {
    return this.#native.stats(number) ?? undefined;
  }

  unregister(number: number): void {
    this.#loaders.delete(number);
    this.#native.unregister(number);
    const reason = new RingstoneError('RINGSTONE_CLOSED', 'the loader was closed');
    for (const [id, run] of this.#runs) if (run.loader === number) this.#abort(id, reason);
    this.#restIfDone();
  }

  /** Reads a key; a promise if it is not there and is loaded. */
  fetch(key: Key, signal: AbortSignal | undefined): Out | undefined | Promise<Out | undefined> {
    signal?.throwIfAborted();
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    const toDo = this.#owner.ask(key, ticket);
    switch (toDo) {
      case TO_DO.READ:
        return this.#owner.get(key);
      case TO_DO.NOTHING:
        return undefined;
      case TO_DO.WAIT:
        return this.#wait(ticket, key, signal);
      default:
        throw statusError(toDo);
    }
  }

  /** Ends everything. */
  close(): void {
    for (const { loader } of [...this.#loaders.values()]) loader.close();
    for (const ticket of [...this.#waiting.keys()]) this.#take(ticket)?.reject(statusError(STATUS.CLOSED));
  }

  async #wait(ticket: number, key: Key, signal: AbortSignal | undefined): Promise<Out | undefined> {
    const abort = () => {
      this.#native.withdraw(ticket);
      this.#take(ticket)?.reject(signal?.reason);
    };
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(ticket, { wanted: this.#want(key), resolve, reject });
        active.add(this);
        if (this.#waiting.size === 1) this.#native.holdOpen(true);
        signal?.addEventListener('abort', abort, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #want(key: Key): Wanted {
    const bytes = typeof key === 'string' ? Buffer.from(key) : Buffer.from(key);
    const id = bytes.toString('latin1');
    const wanted = this.#wanted.get(id) ?? { key: bytes, calls: 0 };
    this.#wanted.set(id, wanted);
    wanted.calls += 1;
    return wanted;
  }

  /** Somebody who waits no longer. */
  #take(ticket: number): Waiting<Out> | undefined {
    const waiting = this.#waiting.get(ticket);
    if (!waiting) return undefined;
    const { wanted } = waiting;
    wanted.calls -= 1;
    if (wanted.calls === 0) this.#wanted.delete(wanted.key.toString('latin1'));
    this.#waiting.delete(ticket);
    if (this.#waiting.size === 0) this.#native.holdOpen(false);
    this.#restIfDone();
    return waiting;
  }

  #restIfDone(): void {
    if (this.#loaders.size === 0 && this.#waiting.size === 0) active.delete(this);
  }

  #takeEvents(): void {
    for (let count = 0; count < MAX_EVENTS_PER_TURN; count += 1) {
      const event = this.#native.next();
      if (!event) return;
      if (event.run) void this.#run(event.run);
      else if (event.settled) this.#settle(event.settled);
      else if (event.cancelled !== undefined) {
        this.#abort(event.cancelled, new LoadError('RINGSTONE_LOAD_TIMEOUT', 'the loader did not answer in time'));
      }
    }
    setImmediate(() => this.#takeEvents());
  }

  #abort(id: number, reason: Error): void {
    const run = this.#runs.get(id);
    this.#runs.delete(id);
    run?.controller.abort(reason);
  }

  /** Makes a run. Never rejects, whatever the loader does. */
  async #run({ id, loader: number, key, stale, staleFlags }: LoaderRun): Promise<void> {
    const registered = this.#loaders.get(number);
    // It was closed while this was on its way, and the run was handed over.
    if (!registered) return;
    const { load } = registered;
    const controller = new AbortController();
    this.#runs.set(id, { loader: number, controller });
    try {
      const context = { signal: controller.signal, stale: this.#decodeStale(stale, staleFlags), rawKey: key };
      const value = await load(key.toString(), context);
      if (!this.#runs.has(id)) return;
      if (value === undefined) {
        this.#native.answer(id, undefined, 0);
      } else {
        const { bytes, flags } = this.#owner.encode(value);
        if (typeof bytes !== 'string' && !types.isUint8Array(bytes)) throw statusError(STATUS.BAD_VALUE);
        this.#native.answer(id, bytes, flags);
      }
    } catch (error) {
      if (this.#runs.has(id)) this.#fail(id, key, error);
    } finally {
      this.#runs.delete(id);
    }
  }

  #fail(id: number, key: Buffer, error: unknown): void {
    const told = this.#native.fail(id, reasonOf(error));
    const wanted = this.#wanted.get(key.toString('latin1'));
    if (wanted) wanted.cause = { told, error };
  }

  #decodeStale(stale: Buffer | undefined, flags: number): Out | undefined {
    if (stale === undefined) return undefined;
    try {
      return this.#owner.decode(stale, flags);
    } catch {
      // Of a network client, or of another codec: the loader does without.
      return undefined;
    }
  }

  #settle(settled: LoaderSettled): void {
    const waiting = this.#take(settled.ticket);
    if (!waiting) return;
    try {
      waiting.resolve(this.#outcome(waiting, settled));
    } catch (error) {
      waiting.reject(error);
    }
  }

  #outcome(waiting: Waiting<Out>, { outcome, value, flags, reason = '' }: LoaderSettled): Out | undefined {
    switch (outcome) {
      case 'value':
        return this.#owner.decode(value ?? Buffer.alloc(0), flags);
      case 'read':
        return this.#owner.get(waiting.wanted.key);
      case 'absent':
        return undefined;
      case 'timeout':
        throw new LoadError('RINGSTONE_LOAD_TIMEOUT', reason);
      case 'refused':
        throw new LoadError('RINGSTONE_LOAD_REFUSED', reason);
      default: {
        const { cause } = waiting.wanted;
        throw new LoadError('RINGSTONE_LOAD_FAILED', reason, cause?.told === reason ? { cause: cause.error } : {});
      }
    }
  }
}

/** What others are told of what a loader has thrown, which may be anything. */
function reasonOf(error: unknown): string {
  try {
    return String((error as Error | null | undefined)?.message ?? error);
  } catch {
    return '';
  }
}
