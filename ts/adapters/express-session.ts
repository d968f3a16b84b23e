/**
 * Sessions of express-session in a Ringstone cache: `session({ store: new SessionStore({ cache: { name: 'app' } }) })`.
 *
 * @module
 */
import session, { type SessionData } from 'express-session';
import type { Cache } from '../cache/cache.ts';
import { type AdapterOptions, checkAdapter, joinBytes, keyBatches, removeAll } from './source.ts';

export type { AdapterOptions, CacheSource } from './source.ts';

/** Options of `SessionStore`. */
export interface SessionStoreOptions extends AdapterOptions {
  /**
   * Milliseconds that a session lives whose cookie has no end, or how many for a session. A day by default. A cookie's
   * own `expires` or `maxAge` is what counts where it has one, unless this is a function.
   */
  readonly ttl?: number | ((session: SessionData) => number) | undefined;
  /** Leaves a session's time to live alone when it was only looked at. Off by default. */
  readonly disableTouch?: boolean | undefined;
}

type Callback<T = void> = (error?: unknown, result?: T) => void;

/** What keys begin with unless told otherwise; session stores on Redis do the same. */
const PREFIX = 'sess:';
const DAY_MS = 24 * 60 * 60 * 1000;

/** Answers in a later turn, as stores do; what `body` throws is the callback's error. */
function answer<T>(callback: Callback<T> | undefined, body: () => T | Promise<T>): void {
  const settle = async () => {
    try {
      const result = await body();
      if (callback) process.nextTick(callback, null, result);
    } catch (error) {
      if (callback) process.nextTick(callback, error);
    }
  };
  void settle();
}

/**
 * A session store. Sessions are JSON under `sess:<id>`, as stores on Redis keep them, so that services in other languages
 * read them through a served cache.
 *
 * @example
 * app.use(session({ store: new SessionStore({ cache: { name: 'app' } }), secret, resave: false, saveUninitialized: false }));
 */
export class SessionStore extends session.Store {
  readonly #cache: Cache;
  readonly #prefix: string;
  readonly #ttl: number | ((session: SessionData) => number);
  readonly #disableTouch: boolean;

  /** @throws RingstoneError what `Cache.open` throws */
  constructor(options: SessionStoreOptions = {}) {
    super();
    checkAdapter('a store of sessions', options, ['ttl', 'disableTouch']);
    this.#cache = joinBytes(options.cache);
    this.#prefix = options.prefix ?? PREFIX;
    this.#ttl = options.ttl ?? DAY_MS;
    this.#disableTouch = options.disableTouch ?? false;
  }

  /** The session, or nothing. A value that is no JSON is an error. */
  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    answer(callback as Callback<SessionData | undefined>, () => parse(this.#cache.getString(this.#prefix + id)));
  }

  /** Keeps a session for as long as its cookie says; one that is over is removed. */
  override set(id: string, session: SessionData, callback?: Callback): void {
    answer(callback, () => {
      const ttl = this.#left(session);
      if (ttl > 0) this.#cache.set(this.#prefix + id, JSON.stringify(session), { ttl });
      else this.#cache.delete(this.#prefix + id);
    });
  }

  /** Lets a session live on that was only looked at. */
  override touch(id: string, session: SessionData, callback?: Callback): void {
    answer(callback, () => {
      if (this.#disableTouch) return;
      const ttl = this.#left(session);
      if (ttl > 0) this.#cache.touch(this.#prefix + id, ttl);
      else this.#cache.delete(this.#prefix + id);
    });
  }

  /** Removes a session. */
  override destroy(id: string, callback?: Callback): void {
    answer(callback, () => {
      this.#cache.delete(this.#prefix + id);
    });
  }

  /** Removes all sessions. */
  override clear(callback?: Callback): void {
    answer(callback, () => removeAll(this.#cache, this.#prefix));
  }

  /** How many sessions there are: it looks at every key of the cache. */
  override length(callback: (error: unknown, length?: number) => void): void {
    answer(callback as Callback<number>, async () => (await this.#ids()).length);
  }

  /** Their ids: it looks at every key of the cache. */
  ids(callback: (error: unknown, ids?: string[]) => void): void {
    answer(callback as Callback<string[]>, () => this.#ids());
  }

  /** All sessions, each with its `id`: it looks at every key of the cache. */
  override all(callback: (error: unknown, sessions?: SessionData[]) => void): void {
    answer(callback as Callback<SessionData[]>, async () => {
      const sessions: SessionData[] = [];
      for await (const keys of keyBatches(this.#cache, this.#prefix)) {
        for (const [index, text] of this.#cache.mgetString(keys).entries()) {
          const session = parse(text);
          if (session) sessions.push(Object.assign(session, { id: keys[index]?.slice(this.#prefix.length) }));
        }
      }
      return sessions;
    });
  }

  /** Lets the cache go. */
  close(): void {
    this.#cache.close();
  }

  /** Milliseconds that a session has left. */
  #left(session: SessionData): number {
    if (typeof this.#ttl === 'function') return this.#ttl(session);
    const { expires } = session.cookie ?? {};
    // Also a string: a session that was read from a store and is written back by another program.
    return expires ? new Date(expires).getTime() - Date.now() : this.#ttl;
  }

  async #ids(): Promise<string[]> {
    const ids: string[] = [];
    for await (const keys of keyBatches(this.#cache, this.#prefix)) {
      ids.push(...keys.map(key => key.slice(this.#prefix.length)));
    }
    return ids;
  }
}

function parse(text: string | undefined): SessionData | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as SessionData);
}
