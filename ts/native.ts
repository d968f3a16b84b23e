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
  NativeEvent,
  NativeInfo,
  NativeServer,
  Probe,
  StartListener,
  StartOptions,
} from '../index.node-build/binding.js';

export type Native = typeof binding;

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
