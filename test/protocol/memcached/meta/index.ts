/** The table of memcached's meta commands. */
import { type Entry, entryLength } from '../../../harness/table.ts';
import { metaGet } from './get.ts';
import { metaOthers } from './others.ts';
import { metaSet } from './set.ts';

/** Longer rows are several requests that the shorter ones hold singly: some splits of them are enough. */
const SPLIT_BYTES = 80;

export const metaTable: Entry[] = [...metaGet, ...metaSet, ...metaOthers].map(entry => ({
  ...entry,
  coarse: entry.coarse === true || entryLength(entry) > SPLIT_BYTES,
}));
