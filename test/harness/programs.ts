/** Programs that a machine may lack. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A missing thing. */
export interface Missing {
  what: string;
  /** How to get it. */
  remedy: string;
}

/** The path of a program on PATH. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (existsSync(path)) return path;
  }
  return undefined;
}

/** What is missing if the program is not installed. */
export function missingProgram(name: string, remedy: string): Missing | undefined {
  return findProgram(name) ? undefined : { what: name, remedy };
}
