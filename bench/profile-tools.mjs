// The tools of a profile: Linux perf, addr2line, inferno that draws, and a native library whose stacks can be walked.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../scripts/files.mjs';
import { installPackages } from '../scripts/packages.mjs';
import { requireRust, run, SetupError, say } from '../scripts/setup.mjs';
import { finish, start } from './children.mjs';
import { addressesOf, parseResolved } from './profile-samples.mjs';

/** Version of inferno, which draws flame graphs. */
const INFERNO = '0.12.8';
/** Samples per second of CPU time; not a divisor of the timers' rates. */
const FREQUENCY = 997;
/** Longest output of cargo that is kept, bytes: some hundred lines of JSON. */
const CARGO_OUTPUT = 64 * 1024 ** 2;

/** Installs perf and addr2line where that can be done, and says what else to do. */
export function requirePerf() {
  const missing = installPackages([
    ['perf', 'linux-perf'],
    ['addr2line', 'binutils'],
  ]);
  if (missing.length > 0)
    throw new SetupError(
      `a profile takes Linux perf and addr2line. Install them (Debian: apt install ${missing.join(' ')}, Fedora: dnf install perf binutils)`,
    );
}

/** @param {string} name */
const sysctl = name => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'));

/** Why this machine lets this user take no samples of the kernel; nothing where it does. @returns {string | undefined} */
export function refusal() {
  const { status, stderr } = spawnSync('perf', ['record', '-e', 'cpu-clock', '-o', '/dev/null', '--', 'true'], {
    encoding: 'utf8',
  });
  const user = process.getuid?.() === 0;
  const advice = 'sysctl kernel.perf_event_paranoid=1 kernel.kptr_restrict=0, or run as root';
  if (!user && sysctl('perf_event_paranoid') > 1) return `the kernel's samples are not for this user: ${advice}`;
  if (status !== 0) return `perf cannot sample here (a container may forbid it): ${stderr.trim().split('\n').at(-1)}`;
  const first = readFileSync('/proc/kallsyms', 'utf8').split(' ', 1)[0] ?? '';
  if (/^0*$/.test(first)) return `the kernel's symbols are not readable: ${advice}`;
  return undefined;
}

/** The processor's cycle counter, or, where there is none (virtual machines), a timer. */
function event() {
  const { stderr } = spawnSync('perf', ['stat', '-x', ',', '-e', 'cycles', '--', 'true'], { encoding: 'utf8' });
  return /^\d/m.test(stderr) ? 'cycles' : 'cpu-clock';
}

/**
 * Builds the native part as released, with frame pointers. Returns the library's path.
 * @param {NodeJS.ProcessEnv} env
 */
export function buildLibrary(env) {
  requireRust();
  say('building the native part with frame pointers (the first time takes some minutes) ...');
  const { status, stdout } = spawnSync(
    'cargo',
    [
      'build',
      '--quiet',
      '-p',
      'ringstone-addon',
      '--profile',
      'profiling',
      '--message-format',
      'json-render-diagnostics',
    ],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: CARGO_OUTPUT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...env, RUSTFLAGS: `${env['RUSTFLAGS'] ?? ''} -C force-frame-pointers=yes`.trim() },
    },
  );
  if (status !== 0) throw new SetupError('the native build failed; its output is above');
  const built = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .findLast(({ reason, target }) => reason === 'compiler-artifact' && target.kind.includes('cdylib'));
  // Node.js takes it by this name only.
  const library = join(dirname(built.filenames[0]), 'ringstone-profiling.node');
  rmSync(library, { force: true });
  linkSync(built.filenames[0], library);
  return library;
}

/** Folder that keeps inferno. */
const infernoFolder = () =>
  join(process.env['RINGSTONE_CACHE'] ?? join(homedir(), '.cache', 'ringstone'), `inferno-${INFERNO}`);

const infernoProgram = () => join(infernoFolder(), 'bin', 'inferno-flamegraph');

export const hasInferno = () => existsSync(infernoProgram());

/** Installs inferno, which draws flame graphs, for later runs too. */
export function ensureInferno() {
  if (hasInferno()) return;
  requireRust();
  say(`installing inferno ${INFERNO} to ${infernoFolder()} (takes a minute) ...`);
  const version = ['--version', INFERNO, '--locked', '--no-default-features', '--features', 'cli,nameattr'];
  run('cargo', ['install', 'inferno', ...version, '--quiet', '--root', infernoFolder()], 'cargo install inferno');
}

/**
 * Runs a program with a text as its input.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} input
 */
async function pipe(program, args, input) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text;
  });
  // A program that ends early says why by its exit code.
  child.stdin.on('error', () => undefined).end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} has ended with ${code}`);
  return output;
}

/**
 * Draws a flame graph of folded stacks.
 * @param {string} folded
 * @param {string} title
 * @param {string} path of the SVG
 */
export async function draw(folded, title, path) {
  const args = ['--title', title, '--colors', 'rust', '--countname', 'samples', '--hash'];
  writeFileSync(path, await pipe(infernoProgram(), args, folded));
}

/**
 * The functions at places of an object file, innermost first.
 * @param {string} object
 * @returns {(offsets: bigint[]) => Promise<Map<bigint, { name: string, source: string }[]>>}
 */
export function resolver(object) {
  return async offsets => {
    const addressOf = addressesOf(object);
    const addresses = new Map(offsets.map(offset => [offset, addressOf(offset)]));
    const input = [...addresses.values()].map(address => `0x${address.toString(16)}\n`).join('');
    const known = parseResolved(await pipe('addr2line', ['-e', object, '-a', '-f', '-i', '-C'], input));
    return new Map(
      [...addresses].flatMap(([offset, address]) => {
        const functions = known.get(address);
        return functions ? [[offset, functions]] : [];
      }),
    );
  };
}

/**
 * Starts to sample threads, or all threads of a process.
 * @param {{ pid: number, threads?: readonly number[] }} what
 * @param {string} path of the samples
 * @param {readonly string[]} around command before it: taskset
 */
export function record({ pid, threads }, path, around) {
  const who = threads ? ['-t', threads.join(',')] : ['-p', String(pid)];
  const how = ['-e', event(), '-F', String(FREQUENCY), '--call-graph', 'fp', '--no-buildid'];
  return start([...around, 'perf', 'record', ...how, ...who, '-o', path], process.env);
}

/** The samples as text. @param {string} path */
export async function script(path) {
  const command = ['perf', 'script', '-i', path, '--no-inline', '-F', 'comm,tid,ip,sym,dso'];
  const { code, stdout, stderr } = await finish(command, process.env);
  if (code !== 0) throw new Error(`perf script has ended with ${code}: ${stderr.trim()}`);
  return stdout;
}
