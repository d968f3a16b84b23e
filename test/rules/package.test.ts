/** The package as users get it: packed, installed into an empty project, run. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { nativeLibraryPath } from '../../scripts/native.mjs';
import { Child, killLeftovers, run } from '../harness/children.ts';
import { logLines, root, temporaryFolder } from '../harness/ringstone.ts';
import { Wire } from '../harness/wire.ts';

const INSTALL_TIMEOUT_MS = 180_000;

let folder: ReturnType<typeof temporaryFolder>;
let project: string;
/** Without the variable that names the tests' library, so that the packaged one is loaded. */
const { RINGSTONE_NATIVE_LIBRARY: _, ...env } = process.env;

const npm = (args: readonly string[], cwd: string) =>
  run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, env });

beforeAll(async () => {
  folder = temporaryFolder();
  // A copy of what the package is made of, with the library of the tests in place of the release build.
  const staging = join(folder.path, 'staging');
  for (const name of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist', 'docs']) {
    cpSync(join(root, name), join(staging, name), { recursive: true });
  }
  mkdirSync(join(staging, 'index.node-build'));
  const library = nativeLibraryPath('checked');
  for (const name of ['package.json', 'binding.js', 'binding.d.ts']) {
    cpSync(join(root, 'index.node-build', name), join(staging, 'index.node-build', name));
  }
  cpSync(library, join(staging, 'index.node-build', basename(library)));
  const packed = await npm(['pack', '--ignore-scripts', '--pack-destination', folder.path], staging);
  if (packed.code !== 0) throw new Error(packed.stderr);

  project = join(folder.path, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }');
  const tarball = join(folder.path, packed.stdout.trim().split('\n').at(-1) ?? '');
  const installed = await npm(['install', '--prefer-offline', tarball], project);
  if (installed.code !== 0) throw new Error(installed.stderr);
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await killLeftovers();
  await folder.remove();
});

test('the program runs from node_modules/.bin', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const { code, stdout } = await run(join(project, 'node_modules', '.bin', 'ringstone'), ['--version'], { env });
  expect([code, stdout]).toEqual([0, `ringstone ${version}\n`]);
});

test('the program serves', async () => {
  const args = ['-l', '127.0.0.1:0', '--http', 'off', '--log-format', 'json'];
  const child = new Child(join(project, 'node_modules', '.bin', 'ringstone'), args, { env });
  const ready = await child.waitFor('ready', () => logLines(child.stderr).find(line => line['event'] === 'ready'));
  const [address = ''] = ready['listeners'] as string[];
  const [host = '', port] = address.split(':');
  const wire = await Wire.connect({ host, port: Number(port) });
  await wire.send('set a 0 0 1\r\nx\r\nget a\r\n');
  await wire.expect('STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n');
  wire.close();
  child.signal('SIGTERM');
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});

test('a program can serve with it', async () => {
  writeFileSync(
    join(project, 'program.js'),
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
  const { code, stdout, stderr } = await run(process.execPath, ['program.js'], { cwd: project, env });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    version: expect.any(String),
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

test('nothing but these is in the package', () => {
  expect(readdirSync(join(project, 'node_modules', 'ringstone')).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'docs',
    'index.node-build',
    'package.json',
  ]);
});
