// `npm run build`: what a package needs, in release quality; with --target the native library of another platform.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ADDON, ensureDependencies, ensureDist, ensureNative, main, requireRust, runNapi } from './setup.mjs';

const HELP = `npm run build -- [options]

Without options, what this machine needs: the native library, and what is compiled of TypeScript.

  --target TRIPLE  only the native library, for another platform: one of napi.targets in package.json. For Linux it is linked by
                   zig (pip install cargo-zigbuild ziglang), also where it is this platform, so that it runs on old systems;
                   for macOS on a Mac. The target has to be installed: rustup target add TRIPLE
  --out FOLDER     where that library goes. Default libraries
  --profile NAME   cargo's profile of it. Default release
  --help           this text
`;

/** The oldest glibc that Node.js 20 runs with. */
const GLIBC = '2.28';

/**
 * @param {string} target
 * @param {string} profile
 * @param {string} out
 */
function buildFor(target, profile, out) {
  const types = ['--no-js', '--dts', 'binding.d.ts', '--no-const-enum'];
  const cross = target.includes('-linux-') ? ['--cross-compile'] : [];
  const versioned = target.endsWith('-gnu') ? `${target}.${GLIBC}` : target;
  runNapi(['build', ...ADDON, ...types, ...cross, '--target', versioned, '--profile', profile, '--output-dir', out]);
}

main(() => {
  const { values } = parseArgs({
    options: {
      target: { type: 'string' },
      out: { type: 'string', default: 'libraries' },
      profile: { type: 'string', default: 'release' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  ensureDependencies();
  if (values.target) {
    requireRust();
    buildFor(values.target, values.profile, resolve(values.out));
    return;
  }
  ensureNative('release');
  ensureDist();
});
