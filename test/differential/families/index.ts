/** All families: each must be whole on the server, or the test of the streams fails. */
import type { Family } from '../family.ts';
import { binary } from './binary.ts';
import { classic } from './classic.ts';
import { connection } from './connection.ts';
import { counters } from './counters.ts';
import { hashes } from './hashes.ts';
import { keysFamily, scan } from './keys.ts';
import { meta } from './meta.ts';
import { pubsub } from './pubsub.ts';
import { server } from './server.ts';
import { strings } from './strings.ts';
import { tracking } from './tracking.ts';
import { transactions } from './transactions.ts';

export const FAMILIES: readonly Family[] = [
  classic,
  meta,
  binary,
  strings,
  counters,
  keysFamily,
  scan,
  hashes,
  transactions,
  connection,
  server,
  pubsub,
  tracking,
];

/** Commands of RESP that no family has, and why. What ends with `|help` is left out too: the texts are each server's own. */
export const NOT_COMPARED: Readonly<Record<string, string>> = {
  'client|info': 'the fields that apply differ',
  'client|no-touch': 'not in Redis 7.0',
  'client|setinfo': 'not in Redis 7.0',
  command: 'each server has its own',
  'config|rewrite': 'redis-server of the tests has no file',
  delifeq: 'not in Redis',
  info: 'the fields that apply differ',
  'latency|histogram': 'what was measured differs',
  'memory|malloc-stats': 'it is the allocator that answers',
  'memory|purge': 'it changes nothing that could be seen',
  put: 'not in Redis',
  'slowlog|len': 'what was slow differs',
};
