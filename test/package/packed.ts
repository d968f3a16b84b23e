/** The packages as they are published, with the tests' native library, and an empty project that has installed them. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nativeLibraryPath } from '../../scripts/native.mjs';
import { run } from '../harness/children.ts';
import { root, temporaryFolder } from '../harness/ringstone.ts';

/** Packing and installing run npm several times. */
export const INSTALL_TIMEOUT_MS = 180_000;

/** Without the variable that names the tests' library, so that the packaged one is loaded. */
export const { RINGSTONE_NATIVE_LIBRARY: _, ...environment } = process.env;

const script = (name: string) => join(root, 'scripts', name);

/** Made by `npm run pack`. */
export class Packed {
  readonly #folder = temporaryFolder();
  /** The tarballs. */
  readonly packages = join(this.#folder.path, 'packages');
  /** The project that has installed them, empty but for what scripts/smoke.mjs has written. */
  readonly project = join(this.#folder.path, 'project');

  /** Packs. */
  static async make(): Promise<Packed> {
    const packed = new Packed();
    const libraries = dirname(nativeLibraryPath('checked'));
    const args = [script('pack.mjs'), '--libraries', libraries, '--out', packed.packages];
    const { code, stderr } = await run(process.execPath, args, { env: environment });
    if (code !== 0) throw new Error(stderr);
    return packed;
  }

  /** Installs and tries them; what was tried. */
  async smoke(): Promise<string[]> {
    const args = [script('smoke.mjs'), this.packages, '--project', this.project];
    const { code, stderr } = await run(process.execPath, args, { env: environment });
    if (code !== 0) throw new Error(stderr);
    return stderr.trim().split('\n');
  }

  /** Path of the package for all platforms. */
  get tarball(): string {
    const name = readdirSync(this.packages).find(file => /^ringstone-\d/.test(file));
    if (!name) throw new Error(`no package in ${this.packages}`);
    return join(this.packages, name);
  }

  /** Path of a file in the project. */
  path(...names: string[]): string {
    return join(this.project, ...names);
  }

  async remove(): Promise<void> {
    await this.#folder.remove();
  }
}
