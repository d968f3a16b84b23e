import type { NativeLoaderOptions } from '../native.ts';
import { checkOptions, invalid } from './arguments.ts';

/** What a loader is given besides the key. */
export interface LoadContext<Out = Buffer> {
  /** Aborted when the result is not wanted any more: the run has timed out, or its loader or the cache was closed. */
  readonly signal: AbortSignal;
  /** The value that is to be refreshed; `undefined` where there is none, or none that the codec of this opening reads. */
  readonly stale: Out | undefined;
  /** The key as bytes, for keys of network clients that are not UTF-8: in the string what is not is replaced by U+FFFD. */
  readonly rawKey: Buffer;
}

/** Gives the value of a key; `undefined` where there is none. Throws or rejects where that cannot be told. */
export type LoadFunction<In = string | Uint8Array, Out = Buffer> = (
  key: string,
  context: LoadContext<Out>,
) => Promise<In | undefined> | In | undefined;

/** How a loader is used. Times are whole milliseconds. */
export interface LoaderOptions {
  /** How long a loaded value is fresh; 0 and `Infinity` are for ever. By default as the cache says. */
  readonly ttl?: number | undefined;
  /** How long after that it is served still, while one refresh runs. 0 by default: not at all. */
  readonly staleFor?: number | undefined;
  /** How long a run may take before it is given up, and a load may wait for its turn. 10,000 by default, a day at most. */
  readonly timeout?: number | undefined;
  /** How long it is remembered that a key has no value. 0 by default: not at all. */
  readonly negativeTtl?: number | undefined;
  /** Runs at once; further loads wait for their turn. 64 by default. */
  readonly maxConcurrent?: number | undefined;
  /** Requests and calls that may wait for its loads; more fail at once. 10,000 by default. */
  readonly maxWaiting?: number | undefined;
  /** What is answered when a load has failed: that there is no value, or the `error`, which is the default. */
  readonly onError?: 'miss' | 'error' | undefined;
}

/** What a loader has done since it was registered, and does now. */
export interface LoaderStats {
  /** Runs begun. */
  readonly runs: number;
  /** Loads that gave a value. */
  readonly loaded: number;
  /** Loads that gave none. */
  readonly absent: number;
  /** Loads that failed, and requests that were refused. */
  readonly failed: number;
  /** Who waited for a load that another had begun. */
  readonly coalesced: number;
  /** Reads that were answered with a stale value. */
  readonly staleServed: number;
  /** Runs now. */
  readonly running: number;
  /** Loads that wait for their turn now. */
  readonly queued: number;
  /** Requests and calls that wait now. */
  readonly waiting: number;
}

/** Longest pattern in bytes. */
const MAX_PATTERN_BYTES = 1024;
/** Longest timeout: a day. */
const MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000;

const DEFAULTS = {
  ttl: undefined,
  staleFor: 0,
  timeout: 10_000,
  negativeTtl: 0,
  maxConcurrent: 64,
  maxWaiting: 10_000,
  onError: 'error',
} as const;

function whole(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  throw invalid(`${name} of a loader must be a whole number ${range}, not ${String(value)}`);
}

type Given = { [Name in keyof LoaderOptions]-?: Exclude<LoaderOptions[Name], undefined> };

/**
 * Complete and checked.
 *
 * @throws RingstoneError `RINGSTONE_INVALID_ARGUMENT`
 */
export function loaderOptions(options: LoaderOptions): NativeLoaderOptions {
  checkOptions('a loader', options, Object.keys(DEFAULTS));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...DEFAULTS, ...given } as Given | typeof DEFAULTS;
  if (all.onError !== 'miss' && all.onError !== 'error') {
    throw invalid(`onError of a loader must be miss or error, not ${String(all.onError)}`);
  }
  const ttlMs = all.ttl === Number.POSITIVE_INFINITY ? 0 : all.ttl;
  const staleForMs = whole('staleFor', all.staleFor, 0);
  if (ttlMs === 0 && staleForMs > 0)
    throw invalid('staleFor of a loader needs a ttl: what lives for ever is never stale');
  return {
    ...(ttlMs === undefined ? {} : { ttlMs: whole('ttl', ttlMs, 0) }),
    staleForMs,
    timeoutMs: whole('timeout', all.timeout, 1, MAX_TIMEOUT_MS),
    negativeTtlMs: whole('negativeTtl', all.negativeTtl, 0),
    maxConcurrent: whole('maxConcurrent', all.maxConcurrent, 1),
    maxWaiting: whole('maxWaiting', all.maxWaiting, 1),
    failsAsMiss: all.onError === 'miss',
  };
}

/** Throws unless it is a pattern. */
export function checkPattern(pattern: string): void {
  if (typeof pattern !== 'string') throw invalid('the pattern of a loader must be a string');
  if (Buffer.byteLength(pattern) > MAX_PATTERN_BYTES) {
    throw invalid(`the pattern of a loader has at most ${MAX_PATTERN_BYTES} bytes`);
  }
}

/** What a loader needs of the place where it is registered. */
export interface LoaderPlace {
  /** Counts, while it is registered. */
  stats(number: number): LoaderStats | undefined;
  /** Ends it and its runs. */
  unregister(number: number): void;
}

const NOTHING: LoaderStats = {
  runs: 0,
  loaded: 0,
  absent: 0,
  failed: 0,
  coalesced: 0,
  staleServed: 0,
  running: 0,
  queued: 0,
  waiting: 0,
};

/** A loader that is registered, until it is closed, or the cache, or its thread ends. */
export class Loader implements Disposable {
  /** The keys that it loads: a prefix, or a glob if it has one of `*`, `?` and `[`. */
  readonly pattern: string;
  readonly #place: LoaderPlace;
  readonly #number: number;
  #last: LoaderStats | undefined;

  /** @internal */
  constructor(place: LoaderPlace, number: number, pattern: string) {
    this.#place = place;
    this.#number = number;
    this.pattern = pattern;
  }

  /** Whether it or its cache was closed. */
  get closed(): boolean {
    return this.#last !== undefined;
  }

  /** What it has done, and does; once closed, what it had done. */
  stats(): LoaderStats {
    return this.#last ?? this.#place.stats(this.#number) ?? NOTHING;
  }

  /** Takes it away. Its runs are aborted; what they were to load another loader of the pattern does, and without one it is as if there were no value. */
  close(): void {
    if (this.closed) return;
    this.#last = { ...this.stats(), running: 0, queued: 0, waiting: 0 };
    this.#place.unregister(this.#number);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
