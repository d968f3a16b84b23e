import type { Bytes } from '../cache/arguments.ts';
import { Cache } from '../cache/cache.ts';
import { RingstoneError } from '../errors.ts';

/** Whether what was made at a time may still be used: not at all, while it is made anew, or without more ado. */
export type TagState = 'expired' | 'stale' | 'fresh';

/** How long what a tag marks as stale may be used, in seconds. Absent: not at all. */
export interface Durations {
  readonly expire?: number;
}

/** When a tag was revalidated, in milliseconds since 1970; 0 is never. */
interface Marks {
  /** What was made until then is stale. */
  readonly stale: number;
  /** What was made until then must not be used. */
  readonly expired: number;
  /** When what is stale must no longer be used. */
  readonly deadline: number;
}

/** Bytes for tags: some 40,000 of them. */
const TAGS_MEMORY = '4mb';
/** Tries to write a tag that others write at the same time. */
const WRITE_TRIES = 64;
const MS_PER_SECOND = 1000;
/** The tag of everything. Next.js has no empty one. */
const EVERYTHING = '';
const NEVER: Marks = { stale: 0, expired: 0, deadline: 0 };

/** Now, in milliseconds since 1970, by the clock that Next.js takes its timestamps from. */
export const nowMs = (): number => performance.timeOrigin + performance.now();

function parse(text: string): Marks {
  const [stale = 0, expired = 0, deadline = 0] = text.split(' ').map(Number);
  return { stale, expired, deadline };
}

const format = ({ stale, expired, deadline }: Marks) => `${stale} ${expired} ${deadline}`;

/** Until when things are expired, of a tag whose deadline may have passed. */
const expiredUntil = ({ stale, expired, deadline }: Marks, now: number) =>
  deadline !== 0 && deadline <= now ? Math.max(stale, expired) : expired;

/**
 * When tags were revalidated, for all threads of the process. They are in a cache of their own that evicts nothing, for a
 * tag that were evicted would bring back what it had expired. When that cache is full, everything that was made until
 * then counts as expired, and tags begin anew.
 */
export class Tags {
  readonly #cache: Cache<Buffer, Bytes>;
  readonly #prefix: string;

  /**
   * @param name of the cache whose items are tagged
   * @param prefix of the adapter whose tags these are
   */
  constructor(name: string, prefix: string) {
    this.#cache = Cache.open({ name: `${name}:tags`, maxMemory: TAGS_MEMORY, eviction: 'none' });
    this.#prefix = prefix;
  }

  /** Marks tags as stale from now on, with how long what is stale may be used; without `durations` as expired. */
  revalidate(tags: readonly string[], durations?: Durations): void {
    for (const tag of tags) {
      try {
        this.#mark(tag, durations);
      } catch (error) {
        if (!(error instanceof RingstoneError) || error.code !== 'RINGSTONE_OUT_OF_MEMORY') throw error;
        this.#cache.clear();
        this.#mark(EVERYTHING, undefined);
      }
    }
  }

  /** What has become of something with these tags that was made at `madeAt`. */
  state(tags: readonly string[], madeAt: number): TagState {
    const now = nowMs();
    let state: TagState = 'fresh';
    for (const text of this.#cache.mgetString([EVERYTHING, ...tags].map(tag => this.#key(tag)))) {
      if (text === undefined) continue;
      const marks = parse(text);
      if (madeAt <= expiredUntil(marks, now)) return 'expired';
      if (madeAt <= marks.stale) state = 'stale';
    }
    return state;
  }

  /** Lets the cache go. */
  close(): void {
    this.#cache.close();
  }

  #mark(tag: string, durations: Durations | undefined): void {
    const key = this.#key(tag);
    for (let tries = 0; tries < WRITE_TRIES; tries++) {
      const item = this.#cache.getWithCas(key);
      const marks = format(marked(item ? parse(item.value.toString()) : NEVER, durations, nowMs()));
      if (item ? this.#cache.cas(key, marks, item.cas, { ttl: 0 }) : this.#cache.add(key, marks, { ttl: 0 })) return;
    }
    // So many writers at once: the strictest of what they may have meant.
    const now = nowMs();
    this.#cache.set(key, format({ stale: now, expired: now, deadline: 0 }), { ttl: 0 });
  }

  /** A tag of `EVERYTHING` is one of all adapters: the cache of tags is cleared for all of them. */
  #key(tag: string): string {
    return tag === EVERYTHING ? '*' : `${this.#prefix}=${tag}`;
  }
}

function marked(before: Marks, durations: Durations | undefined, now: number): Marks {
  const expired = expiredUntil(before, now);
  if (durations === undefined || (durations.expire ?? Infinity) <= 0) return { ...before, expired: now };
  const deadline = durations.expire === undefined ? 0 : now + durations.expire * MS_PER_SECOND;
  const pending = before.deadline > now ? before.deadline : 0;
  // What an earlier mark made stale keeps its deadline.
  const earliest = pending !== 0 && deadline !== 0 ? Math.min(pending, deadline) : pending || deadline;
  return { stale: now, expired, deadline: earliest };
}
