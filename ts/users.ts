import { statSync } from 'node:fs';
import type { Logger } from './log.ts';

/** Rights of the group and of others. */
const FOREIGN_RIGHTS = 0o077;
const RIGHTS = 0o777;

/** Warns of a file of passwords that others than its owner have rights to. */
export function warnOfRights(file: string, logger: Logger): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined || (stats.mode & FOREIGN_RIGHTS) === 0) return;
  const mode = (stats.mode & RIGHTS).toString(8).padStart(4, '0');
  const advice = 'it holds passwords; chmod 600 leaves it to its owner';
  logger.warn({ event: 'auth_file_rights', file, mode }, `the auth file ${file} has mode ${mode}: ${advice}`);
}
