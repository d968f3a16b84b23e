// `node scripts/smoke.mjs FOLDER`: installs the packages that `npm run pack` has made into an empty project, and uses them.
// Needs nothing but Node.js and npm, for it runs on every platform of a release before that is published.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './files.mjs';
import { platformName } from './native.mjs';
import { main, npmCommand, SetupError, say } from './setup.mjs';

const HELP = `node scripts/smoke.mjs FOLDER [options]

Installs the package ringstone and that of this platform's native library from FOLDER into an empty project; then runs the
program, a module and a CommonJS file, each of which opens a cache and answers one request of memcached's protocol.

  --project FOLDER  the project, which is kept. Default a temporary folder
  --help            this text
`;

/** The same program in both module systems. */
const BODY = `
async function main() {
  const cache = Cache.open({ name: 'smoke', maxMemory: '16mb' });
  cache.set('key', 'value');
  const server = await cache.serve({ listen: ['127.0.0.1:0'] });
  const socket = connect(Number(server.addresses[0].split(':').at(-1)), '127.0.0.1');
  socket.write('get key\\r\\n');
  const [reply] = await once(socket, 'data');
  socket.destroy();
  await server.close();
  console.log(JSON.stringify([VERSION, cache.getString('key'), String(reply)]));
  cache.close();
}
main();
`;
const PROGRAMS = {
  'program.mjs': `import { once } from 'node:events';
import { connect } from 'node:net';
import { Cache, VERSION } from 'ringstone';
${BODY}`,
  'program.cjs': `const { once } = require('node:events');
const { connect } = require('node:net');
const { Cache, VERSION } = require('ringstone');
${BODY}`,
};

/** How long anything may take, for a program that hangs. */
const GUARD_MS = 60_000;

/** Without what would load another library than the installed one. */
const { RINGSTONE_NATIVE_LIBRARY: _, ...env } = process.env;

/**
 * Runs a command to its end; its output.
 * @param {string} cwd
 * @param {readonly string[]} command
 */
function output(cwd, [program = '', ...args]) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8', timeout: GUARD_MS });
  if (error || status !== 0) {
    throw new SetupError(
      `${program} ${args.join(' ')}: ${error?.message ?? `ended with ${status}`}\n${stdout}${stderr}`,
    );
  }
  return stdout;
}

/**
 * @param {string} packages folder of the tarballs
 * @param {string} version
 * @param {string} project
 */
function install(packages, version, project) {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true }\n');
  const tarballs = [`ringstone-${version}.tgz`, `ringstone-binding-${platformName()}-${version}.tgz`];
  const missing = tarballs.filter(name => !readdirSync(packages).includes(name));
  if (missing.length > 0) throw new SetupError(`${missing.join(' and ')} missing in ${packages}`);
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  output(project, [...npmCommand(), 'install', ...options, ...tarballs.map(name => join(packages, name))]);
}

/**
 * What a memcached server answers to a request.
 * @param {number} port
 * @param {string} request
 * @param {string} end of the answer
 */
async function ask(port, request, end) {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(GUARD_MS, () => socket.destroy(new SetupError('the server does not answer')));
  socket.write(request);
  let answer = '';
  for await (const chunk of socket) {
    answer += chunk;
    if (answer.endsWith(end)) break;
  }
  return answer;
}

/**
 * Starts the installed program, asks it something, and ends it.
 * @param {string} project
 */
async function serveOnce(project) {
  const args = ['--listen', '127.0.0.1:0', '--http', 'off', '--log-format', 'json'];
  const child = spawn(join(project, 'node_modules', '.bin', 'ringstone'), args, {
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
    timeout: GUARD_MS,
  });
  const exited = once(child, 'exit');
  let log = '';
  for await (const chunk of child.stderr) {
    log += chunk;
    const port = /"listeners":\["127\.0\.0\.1:(\d+)"/.exec(log)?.[1];
    if (!port) continue;
    const answer = await ask(Number(port), 'set key 0 0 5\r\nvalue\r\nget key\r\n', 'END\r\n');
    child.kill('SIGTERM');
    const [code] = await exited;
    return [answer, code];
  }
  throw new SetupError(`the program ended before it served\n${log}`);
}

/**
 * @param {string} what
 * @param {unknown} found
 * @param {unknown} wanted
 */
function check(what, found, wanted) {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (is !== should) throw new SetupError(`${what}: ${is}, and not ${should}`);
  say(`ok: ${what}`);
}

/**
 * @param {string} packages
 * @param {string} project
 */
async function smoke(packages, project) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  install(packages, version, project);
  say(`ok: installed for ${platformName()}, Node.js ${process.versions.node}`);
  const program = join(project, 'node_modules', '.bin', 'ringstone');
  check('ringstone --version', output(project, [program, '--version']), `ringstone ${version}\n`);
  for (const [name, text] of Object.entries(PROGRAMS)) {
    writeFileSync(join(project, name), text);
    const said = JSON.parse(output(project, [process.execPath, name]));
    check(name, said, [version, 'value', 'VALUE key 0 5\r\nvalue\r\nEND\r\n']);
  }
  check('ringstone', await serveOnce(project), ['STORED\r\nVALUE key 0 5\r\nvalue\r\nEND\r\n', 0]);
}

main(async () => {
  const { values, positionals } = parseArgs({
    options: { project: { type: 'string' }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [packages] = positionals;
  if (values.help || !packages) {
    process.stdout.write(HELP);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const project = values.project ?? mkdtempSync(join(tmpdir(), 'ringstone-smoke-'));
  try {
    await smoke(resolve(packages), resolve(project));
  } finally {
    if (!values.project) rmSync(project, { recursive: true });
  }
});
