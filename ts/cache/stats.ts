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

/** What all loaders of a cache have done, and do, those that are closed included; the same is in /metrics. */
export interface LoadsStats {
  /** Loaders now, of all threads (`ringstone_loaders`). */
  readonly loaders: number;
  /** Runs begun, refreshes too (`ringstone_load_runs_total`). */
  readonly runs: number;
  /** Loads that gave a value (`ringstone_loads_total`, as are the following). */
  readonly loaded: number;
  /** Loads that gave none. */
  readonly absent: number;
  /** Loads whose result was of no use, for somebody had changed the key meanwhile. */
  readonly superseded: number;
  /** Loads whose loader was closed. */
  readonly gone: number;
  /** Loads that failed, and requests that were refused, by reason (`ringstone_load_failures_total`). */
  readonly failed: Readonly<Record<string, number>>;
  /** Runs made once more as the first had failed (`ringstone_load_handovers_total`). */
  readonly handedOver: number;
  /** Runs made once more as the key was removed meanwhile (`ringstone_load_repeats_total`). */
  readonly repeated: number;
  /** Runs that answered after they had been given up (`ringstone_load_late_total`). */
  readonly late: number;
  /** Who waited for a load that another had begun (`ringstone_loads_coalesced_total`). */
  readonly coalesced: number;
  /** Reads answered with a stale value (`ringstone_load_stale_served_total`). */
  readonly staleServed: number;
  /** Reads answered by remembering that there is no value (`ringstone_load_negative_hits_total`). */
  readonly negativeHits: number;
  /** Milliseconds of the runs that answered (`ringstone_load_seconds_total`). */
  readonly runMs: number;
  /** Runs now (`ringstone_loads_running`). */
  readonly running: number;
  /** Loads that wait for their turn now (`ringstone_loads_queued`). */
  readonly queued: number;
  /** Requests and calls that wait now (`ringstone_loads_waiting`). */
  readonly waiting: number;
  /** Keys of which it is remembered now that there is no value, or that a refresh has failed (`ringstone_load_remembered_keys`). */
  readonly remembered: number;
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
  /** Of all loaders. */
  readonly loads: LoadsStats;
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
      loads: stats.loads,
    };
  } catch (error) {
    throw fromNative(error);
  }
}
