/** The whole table of RESP. */
import type { Entry } from '../../harness/table.ts';
import { hashes } from './hashes.ts';
import { keys } from './keys.ts';
import { operations } from './operations.ts';
import { session } from './session.ts';
import { strings } from './strings.ts';
import { transactions } from './transactions.ts';

export { respDialect } from './dialect.ts';
export const respTable: Entry[] = [...strings, ...keys, ...hashes, ...session, ...transactions, ...operations];
