// What the programs of this folder have in common: their arguments, their end, and the server that they measure.
import { parseArgs } from 'node:util';
import { ensureDependencies, ensureDist, ensureNative, SetupError } from '../scripts/setup.mjs';

/**
 * The values of options; throws `SetupError` with how to use the program.
 * @template {NonNullable<import('node:util').ParseArgsConfig['options']>} T
 * @param {T} options
 * @param {string} usage
 * @param {readonly string[]} [args] of the command line, by default this process'
 */
export function parseOptions(options, usage, args = process.argv.slice(2)) {
  try {
    return parseArgs({ options, args: [...args] }).values;
  } catch (error) {
    throw new SetupError(`${/** @type {Error} */ (error).message}\n${usage}`);
  }
}

/** A signal ends this process, and with it what it started. */
export function endOnSignal() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => process.exit(1));
}

/**
 * Builds what is to be measured: as it is released, whatever the tests load.
 * @returns {NodeJS.ProcessEnv} of servers and loads
 */
export function ensureRelease() {
  ensureDependencies();
  ensureNative('release');
  ensureDist();
  const { RINGSTONE_NATIVE_LIBRARY: _, ...env } = process.env;
  return env;
}
