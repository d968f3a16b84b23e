// Processes of a measurement: started with their output kept, ended by their own number.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Ends of output kept for messages, characters. */
const KEPT = 4000;
/** How long a server may take to end before it is killed. */
const END_MS = 5000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * @typedef {object} Child
 * @property {number} pid
 * @property {() => string | undefined} failure how it ended, with its last words; nothing while it runs
 * @property {() => Promise<void>} stop
 */

/**
 * @param {readonly string[]} command
 * @param {NodeJS.ProcessEnv} env
 * @returns {Child}
 */
export function start([program = '', ...args], env) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  /** @type {string | undefined} */
  let ended;
  running.add(child);
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => {
      output = (output + text).slice(-KEPT);
    });
  const over = Promise.race([once(child, 'close'), once(child, 'error')]).then(([code]) => {
    running.delete(child);
    ended = `${program} has ended (${code instanceof Error ? code.message : code}): ${output.trim()}`;
  });
  const stop = async () => {
    if (ended !== undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await over;
    clearTimeout(timer);
  };
  return { pid: child.pid ?? 0, failure: () => ended, stop };
}

/**
 * Runs a command to its end.
 * @param {readonly string[]} command
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export async function finish([program = '', ...args], env) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  running.add(child);
  const texts = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr']))
    child[name].setEncoding('utf8').on('data', text => {
      texts[name] += text;
    });
  const [code] = await once(child, 'close');
  running.delete(child);
  return { code, ...texts };
}

// However this process ends, nothing that it has started stays.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
