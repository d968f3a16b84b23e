import { types } from 'node:util';
import { type Bytes, checkOptions, invalid, within } from './arguments.ts';
import type { Port } from './port.ts';
import { statusError } from './status.ts';

/** Options of a walk through the keys. */
export interface ScanOptions {
  /** Only keys that this pattern of Redis matches whole: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is meant literally. */
  readonly match?: Bytes | undefined;
  /** Items that are looked at in one call of the core: more is faster, fewer is a shorter pause. 1 to 10,000, 512 by default. */
  readonly batch?: number | undefined;
  /** How keys are given. As a string, the default, bytes that are not UTF-8 become U+FFFD, and do not name the key any more. */
  readonly as?: 'string' | 'buffer' | undefined;
}

/** Items that the core looks at in one call, at most: `MAX_WALK_ITEMS` in crates/engine/src/direct/walk.rs. */
const MAX_BATCH = 10_000;
const DEFAULT_BATCH = 512;
const SCAN_NAMES = ['match', 'batch', 'as'];
/** A cursor of 8 bytes, a count of 4. */
const HEAD_BYTES = 12;

/** Walks through the keys, a batch of them in one call of the core. */
function* scanKeys<K>(
  port: Port,
  match: Bytes | undefined,
  batch: number,
  decode: (batch: Buffer, start: number, end: number) => K,
): Generator<K, void> {
  let cursor = 0n;
  do {
    const length = port.operations.scan(cursor, batch, match);
    if (length < 0) throw statusError(length);
    const found = port.takeKept(length);
    cursor = found.readBigUInt64LE(0);
    const count = found.readUInt32LE(8);
    for (let n = 0, at = HEAD_BYTES; n < count; n++) {
      const start = at + 4;
      at = start + found.readUInt32LE(at);
      yield decode(found, start, at);
    }
  } while (cursor !== 0n);
}

const asString = (batch: Buffer, start: number, end: number): string => batch.toString('utf8', start, end);
/** A copy, so that one that is kept does not keep its batch. */
const asBuffer = (batch: Buffer, start: number, end: number): Buffer => Buffer.from(batch.subarray(start, end));

/** Checks the options, and begins. */
export function scan(port: Port, options: ScanOptions): IterableIterator<string | Buffer> {
  checkOptions('a scan', options, SCAN_NAMES);
  const { match, batch = DEFAULT_BATCH, as = 'string' } = options;
  if (match !== undefined && typeof match !== 'string' && !types.isUint8Array(match)) {
    throw invalid('match is a string or a Uint8Array');
  }
  within('batch', batch, 1, MAX_BATCH);
  if (as !== 'string' && as !== 'buffer') throw invalid(`as is string or buffer, not ${String(as)}`);
  // The caller may use its bytes for something else while the walk goes on.
  const own = typeof match === 'object' ? Uint8Array.from(match) : match;
  return scanKeys<string | Buffer>(port, own, batch, as === 'string' ? asString : asBuffer);
}
