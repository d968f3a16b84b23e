import { types } from 'node:util';

/** Codes of the core, the same in the same order as `ErrorCode` in crates/engine/src/error.rs; docs/errors.md explains each. */
export const ENGINE_ERROR_CODES = [
  'RINGSTONE_ADDRESS_IN_USE',
  'RINGSTONE_ADDRESS_UNAVAILABLE',
  'RINGSTONE_PERMISSION_DENIED',
  'RINGSTONE_URING_UNAVAILABLE',
  'RINGSTONE_ARENA_REFUSED',
  'RINGSTONE_INVALID_OPTION',
  'RINGSTONE_STOPPED',
  'RINGSTONE_START_FAILED',
  'RINGSTONE_AUTH_FILE',
  'RINGSTONE_OPTIONS_DIFFER',
  'RINGSTONE_ALREADY_SERVING',
  'RINGSTONE_CLOSED',
] as const;

/** Codes that only the load generator has, the same in the same order as in crates/load/src/error.rs. */
export const LOAD_ERROR_CODES = ['RINGSTONE_CONNECT_FAILED', 'RINGSTONE_PROCESS_UNREADABLE'] as const;

/** Codes that only the TypeScript side has. */
export const SHELL_ERROR_CODES = [
  'RINGSTONE_NATIVE_MISSING',
  'RINGSTONE_ADDRESS_NOT_FOUND',
  'RINGSTONE_INVALID_ARGUMENT',
  'RINGSTONE_TOO_LARGE',
  'RINGSTONE_OUT_OF_MEMORY',
  'RINGSTONE_BUSY',
  'RINGSTONE_WRONG_TYPE',
  'RINGSTONE_WRONG_CODEC',
  'RINGSTONE_NOT_A_NUMBER',
  'RINGSTONE_OUT_OF_RANGE',
  'RINGSTONE_LOAD_FAILED',
  'RINGSTONE_LOAD_TIMEOUT',
  'RINGSTONE_LOAD_REFUSED',
  'RINGSTONE_INTERNAL',
  'RINGSTONE_SIZE_DIFFERS',
  'RINGSTONE_NOT_FOUND',
  'RINGSTONE_IDLE_TIMEOUT',
] as const;

/** Stable: what `error.code` can be. */
export type ErrorCode =
  | (typeof ENGINE_ERROR_CODES)[number]
  | (typeof LOAD_ERROR_CODES)[number]
  | (typeof SHELL_ERROR_CODES)[number];

/** What all errors of ours have, whichever copy of this file made them: a process may load the package in both module systems. */
const OURS = Symbol.for('ringstone.RingstoneError');

function isInstance(value: unknown, asked: unknown): boolean {
  if (asked === RingstoneError) return typeof value === 'object' && value !== null && OURS in value;
  return Function.prototype[Symbol.hasInstance].call(asked, value);
}

/** Every error that Ringstone throws on purpose. The message says what to do; tell kinds apart by `code`. */
export class RingstoneError extends Error {
  readonly code: ErrorCode;

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and are asked themselves
    return isInstance(value, this);
  }

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RingstoneError';
    this.code = code;
    // Not a field: its type would tell the copies apart.
    Object.defineProperty(this, OURS, { value: true });
  }
}

/** A value was to be loaded, and was not; `cause` is what the loader threw, where that was in the same thread. */
export class LoadError extends RingstoneError {
  declare readonly code: 'RINGSTONE_LOAD_FAILED' | 'RINGSTONE_LOAD_TIMEOUT' | 'RINGSTONE_LOAD_REFUSED';

  constructor(code: LoadError['code'], message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = 'LoadError';
  }
}

/** The configuration does not hold; `problems` says everything that is wrong with it. */
export class ConfigError extends RingstoneError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('RINGSTONE_INVALID_OPTION', problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Whether it is one of the codes above. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return [...ENGINE_ERROR_CODES, ...LOAD_ERROR_CODES, ...SHELL_ERROR_CODES].some(known => known === code);
}

/** An error of the native part as a `RingstoneError`; anything else as it is. */
export function fromNative(error: unknown): unknown {
  // Not `instanceof`: where several contexts share a thread, the native part's Error may be that of another one.
  if (!types.isNativeError(error) || error instanceof RingstoneError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return isErrorCode(code) ? new RingstoneError(code, error.message, { cause: error }) : error;
}
