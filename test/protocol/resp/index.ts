/** The whole table of RESP. */
import type { Entry } from '../../harness/table.ts';
import { hashes } from './hashes.ts';
import { keys } from './keys.ts';
import { keyspace } from './keyspace.ts';
import { operations } from './operations.ts';
import { pushes } from './push.ts';
import { session } from './session.ts';
import { strings } from './strings.ts';
import { transactions } from './transactions.ts';
import { values } from './values.ts';

export { respDialect } from './dialect.ts';
export const respTable: Entry[] = [
  ...strings,
  ...values,
  ...keys,
  ...keyspace,
  ...hashes,
  ...session,
  ...transactions,
  ...operations,
  ...pushes,
];
