/** The table of memcached's meta commands. */
import type { Entry } from '../../../harness/table.ts';
import { metaGet } from './get.ts';
import { metaOthers } from './others.ts';
import { metaSet } from './set.ts';

export const metaTable: Entry[] = [...metaGet, ...metaSet, ...metaOthers];
