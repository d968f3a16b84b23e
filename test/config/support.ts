/** Loading a configuration from pieces, on a machine of known size. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments } from '../../ts/config/arguments.ts';
import { type Loaded, loadConfig } from '../../ts/config/load.ts';
import { ConfigError } from '../../ts/errors.ts';
import type { Machine } from '../../ts/machine.ts';

const GIB = 1024 ** 3;

export const MACHINE: Machine = { memoryBytes: 8 * GIB, memorySource: 'machine', cores: 4 };

/** What a configuration is made of. */
export interface Pieces {
  args?: readonly string[];
  environment?: NodeJS.ProcessEnv;
  /** Text of the file; `%` in `args` stands for its path. */
  file?: string;
}

/** The path under which the file of `load` appears in origins and messages is replaced by this. */
export const FILE = 'FILE';

/** Loads; origins and messages name the file `FILE`. */
export function load({ args = [], environment = {}, file }: Pieces): Loaded {
  const folder = mkdtempSync(join(tmpdir(), 'ringstone-'));
  const path = join(folder, 'ringstone.toml');
  const named = (text: string) => text.replaceAll(path, FILE);
  try {
    if (file !== undefined) writeFileSync(path, file);
    const given = file === undefined ? args : ['--config', path, ...args];
    const loaded = loadConfig({ arguments: readArguments(given), environment, machine: MACHINE });
    return { ...loaded, origins: new Map([...loaded.origins].map(([key, origin]) => [key, named(origin)])) };
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(error.problems.map(named)) : error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is wrong with a configuration; empty when nothing is. */
export function problemsOf(pieces: Pieces): readonly string[] {
  try {
    load(pieces);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
