import { fromNative } from '../errors.ts';
import type { NativeCache, NativeCounts } from '../native.ts';

/** What calls from JavaScript have counted; the same is in /metrics with the label `protocol="node"`. */
export interface CallerStats {
  /** Reads that found their key (`ringstone_hits_total`). */
  readonly hits: number;
  /** Reads that did not, by what is known of it (`ringstone_misses_total`): never there or forgotten, expired, evicted for room, cleared. */
  readonly misses: {
    readonly absent: number;
    readonly expired: number;
    readonly evicted: number;
    readonly flushed: number;
  };
  /** Writes refused for the length of their value (`ringstone_values_too_large_total`). */
  readonly valuesTooLarge: number;
  /** Writes refused for want of memory (`ringstone_out_of_memory_total`). */
  readonly outOfMemory: number;
  /** Calls by operation (`ringstone_commands_total`): `get`, `set` and so on. Every read counts as `get`, `decr` as `incr`. */
  readonly operations: Readonly<Record<string, number>>;
}

/** What a cache counts. Counters are since it was opened first, of all threads and servers; docs/metrics.md has the names in brackets. */
export interface CacheStats {
  /** Items (`ringstone_items`). */
  readonly items: number;
  /** Bytes of their keys and values (`ringstone_items_bytes`). */
  readonly itemsBytes: number;
  /** Bytes by use (`ringstone_memory_bytes`); all count against the limit. */
  readonly memoryBytes: {
    readonly items: number;
    readonly largeValues: number;
    readonly receiving: number;
    readonly sending: number;
    readonly index: number;
    readonly ghosts: number;
  };
  /** Bytes backed by memory, at most (`ringstone_memory_resident_bytes`). */
  readonly memoryResidentBytes: number;
  /** `maxMemory` in bytes (`ringstone_memory_limit_bytes`). */
  readonly memoryLimitBytes: number;
  /** Items written (`ringstone_items_stored_total`). */
  readonly itemsStored: number;
  /** Items evicted for room (`ringstone_evictions_total`). */
  readonly evictions: number;
  /** Of those, never read (`ringstone_evictions_unread_total`). */
  readonly evictionsUnread: number;
  /** Items removed because their time had come (`ringstone_expirations_total`). */
  readonly expirations: number;
  /** Of those, never read (`ringstone_expirations_unread_total`). */
  readonly expirationsUnread: number;
  /** Items removed by a flush, or `clear` (`ringstone_flushed_items_total`). */
  readonly flushedItems: number;
  /** Segments compacted (`ringstone_compactions_total`). */
  readonly compactions: number;
  /** Handles that are open now, in all threads. */
  readonly handles: number;
  /** Of this handle. */
  readonly own: CallerStats;
  /** Of all handles of all threads, those that were closed included. */
  readonly callers: CallerStats;
}

function callerStats(counts: NativeCounts): CallerStats {
  return {
    hits: counts.hits,
    misses: {
      absent: counts.missesAbsent,
      expired: counts.missesExpired,
      evicted: counts.missesEvicted,
      flushed: counts.missesFlushed,
    },
    valuesTooLarge: counts.valuesTooLarge,
    outOfMemory: counts.outOfMemory,
    operations: counts.operations,
  };
}

/** All of it, read now. */
export function cacheStats(native: NativeCache): CacheStats {
  try {
    const stats = native.stats();
    return {
      items: stats.items,
      itemsBytes: stats.itemsBytes,
      memoryBytes: {
        items: stats.itemSegmentsBytes,
        largeValues: stats.largeValuesBytes,
        receiving: stats.receivingBytes,
        sending: stats.sendingBytes,
        index: stats.indexBytes,
        ghosts: stats.ghostsBytes,
      },
      memoryResidentBytes: stats.residentBytes,
      memoryLimitBytes: stats.limitBytes,
      itemsStored: stats.itemsStored,
      evictions: stats.evictions,
      evictionsUnread: stats.evictionsUnread,
      expirations: stats.expirations,
      expirationsUnread: stats.expirationsUnread,
      flushedItems: stats.flushedItems,
      compactions: stats.compactions,
      handles: stats.callers,
      own: callerStats(stats.own),
      callers: callerStats(stats.all),
    };
  } catch (error) {
    throw fromNative(error);
  }
}
