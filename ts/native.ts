// The only file that knows the native part. Everything else imports from here.
import { createRequire } from 'node:module';
import type * as binding from '../index.node-build/binding.js';
import { RingstoneError } from './errors.ts';

export type {
  LoadLatency,
  LoadOptions,
  LoadProgress,
  LoadReport,
  MetricFamily,
  MetricSample,
  NativeCache,
  NativeEvent,
  NativeInfo,
  NativeReader,
  NativeServer,
  NativeWriter,
  OpenOptions,
  Probe,
  ServeListener,
  ServeOptions,
} from '../index.node-build/binding.js';

export type Native = typeof binding;

/** The data plane: a number that is negative is a status (ts/cache/status.ts). */
export interface NativeOperations {
  /** Length of the value, which is copied to the offset in the slab if it fits there; the first four bytes of the slab are its flags. */
  get(key: string | Uint8Array, offset: number): number;
  /** The value, or a status. */
  getString(key: string | Uint8Array): string | number;
  /** A TTL in milliseconds, 0 for never, negative for the default. */
  set(key: string | Uint8Array, value: string | Uint8Array, flags: number, ttlMs: number): number;
  /** 1 if there was one, 0 if not. */
  delete(key: string | Uint8Array): number;
}

/** Names a library to load instead of the packaged one; the tests set it to a build with debug assertions. */
const LIBRARY_VARIABLE = 'RINGSTONE_NATIVE_LIBRARY';

let loaded: Native | undefined;

/** The message of the first cause: the generated loader wraps the system's reason in advice that does not apply here. */
function innermost(error: unknown): string {
  let first = error;
  while (first instanceof Error && first.cause instanceof Error) first = first.cause;
  return first instanceof Error ? first.message : String(first);
}

/**
 * The native part, loaded at the first call, and synchronously, for `Cache.open` is. What the build writes is CommonJS
 * for that reason.
 *
 * @throws RingstoneError `RINGSTONE_NATIVE_MISSING` with the command that builds it
 */
export function loadNative(): Native {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  const library = process.env[LIBRARY_VARIABLE];
  try {
    loaded = (library ? require(library) : require('../index.node-build/binding.js')) as Native;
    return loaded;
  } catch (error) {
    const why = innermost(error).split('\n', 1)[0];
    const where = library ? `${LIBRARY_VARIABLE}=${library}` : `${process.platform}-${process.arch}`;
    throw new RingstoneError(
      'RINGSTONE_NATIVE_MISSING',
      `the native part is missing or does not load (${where}, Node.js ${process.versions.node}): ${why}; ` +
        'in a clone of the repository, npm run build makes it',
      { cause: error },
    );
  }
}
