import { RingstoneError } from './errors.ts';

/** Platforms with a package of their own: `napi.targets` of package.json by the names that napi-rs gives them. */
export const PLATFORMS = [
  'linux-x64-gnu',
  'linux-x64-musl',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
] as const;

const PACKAGE_PREFIX = '@ringstone/binding-';

const BUILD = 'npm run build in a clone of the repository makes it';

/** `undefined` where the C library is another one. */
function glibcVersion(): string | undefined {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean | undefined } = process.report;
  const before = report.excludeNetwork;
  try {
    // Else the names of all peers of open sockets are looked up.
    report.excludeNetwork = true;
    return (report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = before;
  }
}

/** Name of this platform as napi-rs writes it, and its C library in words. */
function thisPlatform(): { name: string; libc: string } {
  const { platform, arch } = process;
  if (platform !== 'linux') return { name: `${platform}-${arch}`, libc: '' };
  const glibc = glibcVersion();
  return { name: `${platform}-${arch}-${glibc ? 'gnu' : 'musl'}`, libc: glibc ? `, glibc ${glibc}` : ', musl' };
}

/** What the generated loader says of a library that is not there, or that no platform has; all else is the system's word. */
const NOT_THERE = /^(?:Cannot find module|Unsupported (?:OS|architecture))\b/;

/** What the system says of a library that it found and could not load; `undefined` where nothing was found. */
function refusal(error: unknown): string | undefined {
  // The generated loader makes a chain of what it tried, below advice that does not apply here.
  for (let one = error instanceof Error ? error.cause : undefined; one instanceof Error; one = one.cause) {
    if (!NOT_THERE.test(one.message)) return firstLine(one);
  }
  return undefined;
}

/** Whether not even the generated loader was found, as in a bundle; CommonJS ones have no URL of their own either. */
function isAlone(error: unknown): boolean {
  const code = error instanceof Error && error.cause === undefined && 'code' in error ? error.code : undefined;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_INVALID_ARG_VALUE';
}

const ALONE =
  'index.node-build of this package is not beside its code: a bundler that took it in has to leave ringstone out (external, ' +
  `in Next.js serverExternalPackages); ${BUILD}`;

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];

function advice(name: string): string {
  if (!PLATFORMS.some(known => known === name)) {
    return `there is no package for ${name}; ${BUILD}, and RINGSTONE_NATIVE_LIBRARY names the file to load`;
  }
  return (
    `${PACKAGE_PREFIX}${name} is not installed; it is an optional dependency, which npm leaves out with --omit=optional, ` +
    'and may leave out where package-lock.json or node_modules comes from another platform: ' +
    `remove both and run npm install --include=optional; or ${BUILD}`
  );
}

/**
 * What to tell when the native part cannot be had, and what to do about it.
 *
 * @param library what `RINGSTONE_NATIVE_LIBRARY` names, if it does
 * @param error why it does not load
 */
export function nativeMissing(library: string | undefined, error: unknown): RingstoneError {
  const { name, libc } = thisPlatform();
  const where = `${name}${libc}, Node.js ${process.versions.node}`;
  const refused = refusal(error);
  const why = library
    ? `RINGSTONE_NATIVE_LIBRARY=${library}: ${firstLine(error)}; ${BUILD}`
    : refused
      ? `${refused}; npm install --force installs ${PACKAGE_PREFIX}${name} anew; or ${BUILD}`
      : isAlone(error)
        ? ALONE
        : advice(name);
  const message = `the native part is missing or does not load (${where}): ${why}`;
  return new RingstoneError('RINGSTONE_NATIVE_MISSING', message, { cause: error });
}
