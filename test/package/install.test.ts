/** The packages as users get them: packed, installed into an empty project, used in both module systems. */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { platformName } from '../../scripts/native.mjs';
import { killLeftovers, run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';
import { CONSUMERS, TSCONFIGS } from './consumers.ts';
import { environment as env, INSTALL_TIMEOUT_MS, Packed } from './packed.ts';

interface Manifest {
  name: string;
  version: string;
  exports: Record<string, unknown>;
  optionalDependencies?: Record<string, string>;
}

const manifestOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
const ours = manifestOf(root);
const tool = (name: string) => join(root, 'node_modules', '.bin', name);

let packed: Packed;
let tried: string[];

beforeAll(async () => {
  packed = await Packed.make();
  tried = await packed.smoke();
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await killLeftovers();
  await packed?.remove();
});

/** Node.js 20.17 cannot require what is a module only; newer ones are told not to. */
const PLAIN_REQUIRE = process.allowedNodeEnvironmentFlags.has('--experimental-require-module')
  ? ['--no-experimental-require-module']
  : [];

/** Runs a program of the project; the JSON that it writes. */
async function program(name: string, text: string): Promise<unknown> {
  writeFileSync(packed.path(name), text);
  const { code, stdout, stderr } = await run(process.execPath, [...PLAIN_REQUIRE, name], { cwd: packed.project, env });
  expect([stderr, code]).toEqual(['', 0]);
  return JSON.parse(stdout);
}

test('the program, a module and a CommonJS file use it', () => {
  expect(tried).toEqual([
    `ringstone: ok: installed for ${platformName()}, Node.js ${process.versions.node}`,
    'ringstone: ok: ringstone --version',
    'ringstone: ok: program.mjs',
    'ringstone: ok: program.cjs',
    'ringstone: ok: ringstone',
  ]);
});

test('a program can serve with it', async () => {
  const said = await program(
    'serve.mjs',
    `import { serve, RingstoneError, VERSION } from 'ringstone';
const settings = { server: { listen: '127.0.0.1:0' }, http: { listen: '127.0.0.1:0' }, logging: { level: 'silent' } };
const server = await serve(settings);
const again = await serve({ ...settings, server: { listen: server.addresses[0] } }).catch(error => error);
const wrong = await serve({ storage: { max_memory: 'much' } }).catch(error => error);
const { status } = await fetch('http://' + server.httpAddress + '/ready');
const names = server.metrics().map(({ name }) => name);
console.log(JSON.stringify({
  version: VERSION,
  addresses: server.addresses.length,
  runtime: server.runtime,
  ready: status,
  metrics: names.includes('ringstone_items'),
  again: [again instanceof RingstoneError, again.code],
  wrong: wrong.problems,
  closed: await server.close(),
  after: server.metrics(),
}));`,
  );
  expect(said).toEqual({
    version: ours.version,
    addresses: 1,
    runtime: expect.stringMatching(/^(uring|mio)$/),
    ready: 200,
    metrics: true,
    again: [true, 'RINGSTONE_ADDRESS_IN_USE'],
    wrong: ['storage.max_memory: "much" is not a size; write 64mb, 8MiB, 1073741824 or 50% (program)'],
    closed: true,
    after: [],
  });
});

describe('both module systems', () => {
  test('in one process they share caches, and know each other errors', async () => {
    const said = await program(
      'both.cjs',
      `const required = require('ringstone');
import('ringstone').then(imported => {
  const [one, other] = [required, imported].map(({ Cache }) => Cache.open({ name: 'both' }));
  one.set('key', 'required');
  const seen = other.getString('key');
  const thrown = (by, wrong) => { try { by.Cache.open(wrong); } catch (error) { return error; } };
  const differ = [required, imported].map(by => thrown(by, { name: 'both', maxMemory: '128mb' }));
  console.log(JSON.stringify({
    seen,
    names: [required, imported].map(names => Object.keys(names).sort()),
    differ: differ.map(error => [error.code, error instanceof required.RingstoneError, error instanceof imported.RingstoneError]),
  }));
  one.close();
  other.close();
});`,
    );
    const { names, ...rest } = said as { names: [string[], string[]] };
    expect(names[0]).toEqual(names[1]);
    expect(rest).toEqual({
      seen: 'required',
      differ: Array(2).fill(['RINGSTONE_OPTIONS_DIFFER', true, true]),
    });
  });

  test('every export gives the same names to import and to require', async () => {
    // In the repository, where the libraries are installed that adapters are for.
    const names = Object.keys(ours.exports)
      .filter(path => path !== './package.json')
      .map(path => join(ours.name, path));
    const text = `Promise.all(${JSON.stringify(names)}.map(async name => {
  const own = exports => Object.keys(exports).filter(key => key !== '__esModule').sort();
  return [name, own(await import(name)), own(require(name))];
})).then(all => console.log(JSON.stringify(all)));`;
    const { code, stdout, stderr } = await run(process.execPath, [...PLAIN_REQUIRE, '--eval', text], {
      cwd: root,
      env,
    });
    expect([stderr, code]).toEqual(['', 0]);
    for (const [name, imported, required] of JSON.parse(stdout) as [string, string[], string[]][]) {
      expect([name, imported.length > 0]).toEqual([name, true]);
      expect([name, required]).toEqual([name, imported]);
    }
  });

  test('a worker of the other system joins a cache by its name', async () => {
    const worker = `import { parentPort } from 'node:worker_threads';
import { Cache } from 'ringstone';
const cache = Cache.open({ name: 'shared' });
parentPort.postMessage(cache.getString('key'));
cache.set('key', 'worker');`;
    writeFileSync(packed.path('worker.mjs'), worker);
    const said = await program(
      'worker.cjs',
      `const { Worker } = require('node:worker_threads');
const { Cache } = require('ringstone');
const cache = Cache.open({ name: 'shared' });
cache.set('key', 'main');
let seen;
new Worker(require.resolve('./worker.mjs'))
  .on('message', value => { seen = value; })
  .on('exit', code => console.log(JSON.stringify({ code, seen, now: cache.getString('key') })));`,
    );
    expect(said).toEqual({ code: 0, seen: 'main', now: 'worker' });
  });

  test('loading it starts nothing and loads no dependency', async () => {
    const listed = `console.log(JSON.stringify(Object.keys(require.cache).filter(name => /node_modules/.test(name))
  .map(name => name.split('node_modules/').at(-1))))`;
    const files = (await program('lazy.cjs', `require('ringstone');\n${listed}`)) as string[];
    expect(files.length).toBeGreaterThan(1);
    expect(files.filter(name => !/^ringstone\/cjs\//.test(name))).toEqual([]);
  });

  test.each(Object.keys(TSCONFIGS))('types for TypeScript with %s', async name => {
    for (const [file, text] of Object.entries(CONSUMERS)) writeFileSync(packed.path(file), text);
    const path = packed.path(`tsconfig.${name}.json`);
    writeFileSync(path, JSON.stringify(TSCONFIGS[name]?.(root)));
    const { code, stdout } = await run(tool('tsc'), ['-p', path], { cwd: packed.project, env });
    expect([stdout, code]).toEqual(['', 0]);
  });

  test('publint has no complaint', async () => {
    const { code, stdout } = await run(tool('publint'), ['run', '--strict', packed.tarball], { env });
    expect([stdout, code]).toEqual([expect.stringContaining('All good!'), 0]);
  });

  test('are the types wrong? No', async () => {
    // Sub-paths are for resolutions that know `exports`: node16, nodenext, bundler.
    const args = [packed.tarball, '--profile', 'node16', '--format', 'ascii', '--no-color'];
    const { code, stdout } = await run(tool('attw'), args, { env });
    const problems = stdout
      .split('\n')
      .filter(line => /\p{Extended_Pictographic}/u.test(line) && !/🟢|ignor/.test(line));
    expect([problems, code]).toEqual([[], 0]);
  });

  test('every export is there for both, in the one form', () => {
    for (const [path, targets] of Object.entries(ours.exports)) {
      if (path === './package.json') continue;
      const file = (folder: string, extension: string) =>
        expect.stringMatching(new RegExp(`^\\./${folder}/[\\w/-]+\\.${extension.replace('.', '\\.')}$`));
      const form = (folder: string) => ({ types: file(folder, 'd.ts'), default: file(folder, 'js') });
      expect([path, targets]).toEqual([path, { import: form('dist'), require: form('cjs') }]);
      const { import: module, require: copy } = targets as Record<string, { types: string; default: string }>;
      expect([path, copy]).toEqual([
        path,
        {
          types: module?.types.replace('./dist/', './cjs/'),
          default: module?.default.replace('./dist/', './cjs/'),
        },
      ]);
      for (const name of [module, copy].flatMap(pair => Object.values(pair ?? {}))) {
        expect([name, existsSync(packed.path('node_modules', 'ringstone', name))]).toEqual([name, true]);
      }
    }
  });
});

describe('contents', () => {
  test('of the package: what is run and read, and no library', () => {
    const folder = packed.path('node_modules', 'ringstone');
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1));
    const allowed =
      /^(?:(?:dist|cjs)\/[\w/-]+(?:\.js|\.d\.ts)|docs\/[\w-]+\.md|index\.node-build\/binding\.(?:js|d\.ts)|(?:index\.node-build|cjs)\/package\.json|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
    expect(names.filter(name => !allowed.test(name))).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/cli.js', 'cjs/index.js']),
    );
  });

  test('of package.json: the platforms, and nothing for its developers', () => {
    const manifest = manifestOf(packed.path('node_modules', 'ringstone'));
    expect(manifest.optionalDependencies).toEqual({ [`@ringstone/binding-${platformName()}`]: ours.version });
    expect(manifest).not.toHaveProperty('scripts');
    expect(manifest).not.toHaveProperty('devDependencies');
  });

  test('of the package of this platform: the library', () => {
    const folder = packed.path('node_modules', '@ringstone', `binding-${platformName()}`);
    const library = `binding.${platformName()}.node`;
    expect(readdirSync(folder).sort()).toEqual(['LICENSE', 'NOTICES.txt', 'README.md', library, 'package.json']);
    expect(manifestOf(folder)).toMatchObject({
      version: ours.version,
      main: library,
      os: [process.platform],
      cpu: [process.arch],
    });
    // Each of these has a licence that is passed on with the library.
    const notices = readFileSync(join(folder, 'NOTICES.txt'), 'utf8');
    for (const name of ['napi', 'mio', 'parking_lot', 'subtle']) {
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
    }
    expect(notices).not.toContain('ringstone-engine');
  });
});

describe('without a native library that fits', () => {
  const open = `import('ringstone').then(({ Cache }) => Cache.open()).catch(({ code, message }) =>
  console.log(JSON.stringify({ code, message })));`;
  const pretend = (property: string, value: string) =>
    `Object.defineProperty(process, '${property}', { value: '${value}' });\n`;

  test('a platform that has none: says so', async () => {
    const { code, message } = (await program('riscv.cjs', pretend('arch', 'riscv64') + open)) as Record<string, string>;
    expect(code).toBe('RINGSTONE_NATIVE_MISSING');
    expect(message).toContain(`Node.js ${process.versions.node}`);
    expect(message).toMatch(/there is no package for \w+-riscv64.*npm run build.*RINGSTONE_NATIVE_LIBRARY/);
  });

  test('one that was left out: names it, and how to get it', async () => {
    const folder = packed.path('node_modules', '@ringstone');
    const hidden = packed.path('hidden');
    renameSync(folder, hidden);
    try {
      const { code, message } = (await program('none.cjs', open)) as Record<string, string>;
      expect(code).toBe('RINGSTONE_NATIVE_MISSING');
      expect(message).toContain(`@ringstone/binding-${platformName()} is not installed`);
      expect(message).toMatch(/--omit=optional.*package-lock\.json.*another platform.*npm run build/);
      const { code: exit, stderr } = await run(packed.path('node_modules', '.bin', 'ringstone'), [], { env });
      expect(exit).toBe(1);
      expect(stderr).toContain(`@ringstone/binding-${platformName()} is not installed`);
    } finally {
      renameSync(hidden, folder);
    }
  });

  test('in a bundle: says what bundlers have to do', async () => {
    const folder = packed.path('node_modules', 'ringstone', 'index.node-build');
    const hidden = packed.path('hidden-build');
    renameSync(folder, hidden);
    try {
      const { code, message } = (await program('bundle.cjs', open)) as Record<string, string>;
      expect(code).toBe('RINGSTONE_NATIVE_MISSING');
      expect(message).toMatch(/bundler.*external.*serverExternalPackages/);
    } finally {
      renameSync(hidden, folder);
    }
  });

  test('one that the system refuses: says why', async () => {
    const library = packed.path(
      'node_modules',
      '@ringstone',
      `binding-${platformName()}`,
      `binding.${platformName()}.node`,
    );
    const hidden = packed.path('hidden.node');
    renameSync(library, hidden);
    writeFileSync(library, 'no library');
    try {
      const { message } = (await program('refused.cjs', open)) as Record<string, string>;
      expect(message).toContain(`${library}: `);
      expect(message).not.toContain('is not installed');
    } finally {
      renameSync(hidden, library);
    }
  });
});
