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

/** Commands of RESP that no family has, and why. */
export const NOT_COMPARED: Readonly<Record<string, string>> = {
  put: 'Redis has no such command',
  info: 'the fields that apply differ; test/protocol and the clients look at them',
};
