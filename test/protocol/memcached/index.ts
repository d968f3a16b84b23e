/** The whole table of memcached's text protocol, classic and meta. */
import type { Entry } from '../../harness/table.ts';
import { administration } from './administration.ts';
import { lifetime } from './lifetime.ts';
import { metaTable } from './meta/index.ts';
import { retrieval } from './retrieval.ts';
import { session } from './session.ts';
import { storage } from './storage.ts';

export { memcachedDialect } from './dialect.ts';
export const memcachedTable: Entry[] = [
  ...storage,
  ...retrieval,
  ...lifetime,
  ...session,
  ...metaTable,
  ...administration,
];
