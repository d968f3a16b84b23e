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
 * The native part, loaded at the first call.
 *
 * @throws RingstoneError `RINGSTONE_NATIVE_MISSING` with the command that builds it
 */
export async function loadNative(): Promise<Native> {
  if (loaded) return loaded;
  const library = process.env[LIBRARY_VARIABLE];
  try {
    loaded = library
      ? (createRequire(import.meta.url)(library) as Native)
      : ((await import('../index.node-build/binding.js')) as Native);
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
