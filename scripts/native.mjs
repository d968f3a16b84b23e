// Where the native library of a cargo profile lies, and whether it was built from the present sources.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashFiles, listFiles, root } from './files.mjs';

/** `linux-x64-gnu` and the like: the suffix that @napi-rs/cli gives to the library's name. */
export function platformName() {
  const { platform, arch } = process;
  if (platform !== 'linux') return `${platform}-${arch}`;
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return `${platform}-${arch}-${header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

/**
 * Folder that @napi-rs/cli writes to.
 * @param {'release' | 'checked'} profile
 */
export function nativeFolder(profile) {
  return join(root, 'index.node-build', ...(profile === 'release' ? [] : [profile]));
}

/**
 * The library's path, whether it exists or not.
 * @param {'release' | 'checked'} profile
 */
export function nativeLibraryPath(profile) {
  return join(nativeFolder(profile), `binding.${platformName()}.node`);
}

/** @param {'release' | 'checked'} profile */
const stampPath = profile => `${nativeLibraryPath(profile)}.stamp`;

/** Hash of everything that the library is made of. */
export function nativeSourcesHash() {
  const crates = listFiles('crates', name => !/\/(?:tests|benches|fuzz|target)\//.test(name));
  return hashFiles(['Cargo.toml', 'Cargo.lock', ...crates]);
}

/** @param {'release' | 'checked'} profile */
export function isNativeCurrent(profile) {
  const stamp = stampPath(profile);
  return (
    existsSync(nativeLibraryPath(profile)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === nativeSourcesHash()
  );
}

/**
 * Remembers from which sources the library was built.
 * @param {'release' | 'checked'} profile
 * @param {string} hash taken before the build, so that an edit during it is not lost
 */
export function stampNative(profile, hash) {
  mkdirSync(dirname(stampPath(profile)), { recursive: true });
  writeFileSync(stampPath(profile), hash);
}
