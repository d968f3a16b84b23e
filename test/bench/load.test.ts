/** `ringstone bench` against a real server: its counts are the server's, and nothing that goes wrong is hidden. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Child, run } from '../harness/children.ts';
import { fixture } from '../harness/fixture.ts';
import { type Metrics, readMetrics } from '../harness/metrics.ts';
import { cli, type RingstoneServer, startRingstone, temporaryFolder } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import type { Address } from '../harness/wire.ts';

/** Far longer than anything on the machine should hold up a run. */
const PAUSE_MS = 1000;

interface Results {
  interrupted: boolean;
  preloaded: number;
  requests: number;
  replies: number;
  hits: number;
  misses: number;
  stored: number;
  failed: number;
  unanswered: number;
  unsent: number;
  latency_us: Record<'all' | 'get' | 'set', Record<string, number>> &
    Record<'load' | 'rest', Record<string, number> | undefined>;
  server_wait_us?: number;
  server_cpu_us_per_request?: number;
  problems: { message: string; count: number }[];
}

const text = (address: Address) => ('path' in address ? `unix:${address.path}` : `${address.host}:${address.port}`);

async function bench(address: string, ...options: string[]) {
  const args = [cli, 'bench', '--json', '--progress', '0', ...options, address];
  const { code, stdout, stderr } = await run(process.execPath, args);
  if (stdout === '') throw new Error(stderr);
  return { code, stderr, results: JSON.parse(stdout) as Results };
}

/** Commands that the server has executed. */
function executed(metrics: Metrics, protocol: string) {
  const count = (name: string, labels: Record<string, string>) =>
    metrics.samples.has(name) ? metrics.sum(name, labels) : 0;
  return {
    get: count('ringstone_commands_total', { protocol, command: 'get' }),
    set: count('ringstone_commands_total', { protocol, command: 'set' }),
    hits: count('ringstone_hits_total', { protocol }),
    misses: count('ringstone_misses_total', { protocol }),
  };
}

eachRuntime(runtime => {
  const folder = temporaryFolder();
  const { server } = fixture({ runtime, listen: ['127.0.0.1:0', `unix:${join(folder.path, 'socket')}`] });
  afterAll(() => folder.remove());

  test.each([
    ['memcached', 0, ['-n', '5000', '-c', '7']],
    ['memcached', 1, ['-n', '5000', '-c', '7', '-P', '16', '--threads', '2']],
    ['resp', 0, ['-n', '5000', '-c', '7', '-P', '16', '-d', '50-20kb']],
    ['resp', 1, ['-n', '5000', '-c', '7', '--zipf', '0.99', '--no-preload', '--key-prefix', 'cold:']],
  ] as const)('%s on listener %d, %j: the counts are those of the server', async (protocol, listener, options) => {
    const address = server().addresses[listener];
    if (!address) throw new Error('no listener');
    const before = executed(await readMetrics(server().http), protocol);
    const { code, results } = await bench(`${protocol}://${text(address)}`, '-k', '1000', ...options);
    expect(results.problems).toEqual([]);
    expect([code, results.requests, results.replies, results.failed]).toEqual([0, 5000, 5000, 0]);
    const after = executed(await readMetrics(server().http), protocol);
    expect(after.get - before.get).toBe(results.hits + results.misses);
    expect(after.set - before.set).toBe(results.preloaded + results.stored);
    expect([after.hits - before.hits, after.misses - before.misses]).toEqual([results.hits, results.misses]);
    const cold = options.some(option => option === '--no-preload');
    expect([results.preloaded, results.misses > 0]).toEqual(cold ? [0, true] : [1000, false]);
    expect(results.hits).toBeGreaterThan(0);
    expect(results.latency_us.all['count']).toBe(5000);
    expect(results.latency_us.get['count']).toBe(results.hits + results.misses);
  });

  test.each(['memcached', 'resp'] as const)('%s: gets of several keys', async protocol => {
    const before = executed(await readMetrics(server().http), protocol);
    const options = ['-n', '500', '-k', '1000', '--keys-per-get', '16', '-P', '3', '--key-prefix', 'several:'];
    const { results } = await bench(`${protocol}://${text(server().address)}`, ...options, '--no-preload');
    const after = executed(await readMetrics(server().http), protocol);
    expect([results.problems, results.replies]).toEqual([[], 500]);
    expect([after.hits - before.hits, after.misses - before.misses]).toEqual([results.hits, results.misses]);
    expect(results.hits + results.misses).toBe(16 * (results.latency_us.get['count'] ?? 0));
    expect(Math.min(results.hits, results.misses, results.stored)).toBeGreaterThan(0);
  });

  test('a fixed rate sends what is due', async () => {
    const options = ['--rate', '2000', '-t', '500ms', '-k', '100', '-c', '20'];
    const { results } = await bench(text(server().address), ...options);
    expect([results.requests + results.unsent, results.unanswered]).toEqual([1000, 0]);
    expect(results.replies).toBe(results.requests);
  });

  test("the server's CPU time", async () => {
    const { results } = await bench(text(server().address), '-n', '20000', '--server-pid', String(server().pid));
    expect(results.server_cpu_us_per_request).toBeGreaterThan(0);
    expect(results.server_wait_us).toBeGreaterThanOrEqual(0);
  });

  test('error replies are told, and are a failure', async () => {
    const options = ['-n', '100', '-c', '2', '--ratio', '0:1', '--no-preload', '-d', '9mb'];
    const { code, results } = await bench(text(server().address), ...options);
    expect([code, results.failed, results.stored]).toEqual([1, 100, 0]);
    expect(results.problems).toEqual([{ message: 'error reply: SERVER_ERROR object too large for cache', count: 100 }]);
  });
});

describe('a run that does not go to its end', () => {
  let server: RingstoneServer;
  beforeAll(async () => {
    server = await startRingstone();
  });
  afterAll(() => server.child.kill());

  const start = (...options: string[]) =>
    new Child(process.execPath, [
      cli,
      'bench',
      '-t',
      '1h',
      '--progress',
      '50ms',
      '-k',
      '100',
      ...options,
      text(server.address),
    ]);
  const measuring = (child: Child) =>
    child.waitFor('measuring', () => /^measuring .* [1-9][\d,]* replies/m.exec(child.stderr) ?? undefined);

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it with the results so far', async signal => {
    const child = start();
    await measuring(child);
    child.signal(signal);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toMatch(/^requests {4}[\d,]+ answered in [\d.]+ s: [\d,]+\/s \(interrupted\)$/m);
    expect(child.stdout).toMatch(/^ {2}all( +[\d.]+){7}$/m);
    expect(child.stdout).not.toContain('problems');
  });

  test('a pause of the load itself is not taken for the slowness of the server', async () => {
    const child = start('--json', '--rate', '1000');
    await measuring(child);
    child.signal('SIGSTOP');
    await setTimeout(PAUSE_MS);
    child.signal('SIGCONT');
    // All that was due meanwhile is sent.
    const seen = child.stderr.length;
    await child.waitFor('more', () => (child.stderr.length > seen ? true : undefined));
    child.signal('SIGINT');
    await child.exit();
    const { all, load, rest } = (JSON.parse(child.stdout) as Results).latency_us;
    const pauseUs = 0.99 * 1000 * PAUSE_MS;
    expect(all['max']).toBeGreaterThan(pauseUs);
    expect(load?.['max']).toBeGreaterThan(pauseUs);
    // What a busy machine does to the server meanwhile is far from what the pause does to all that was due in it.
    expect(rest?.['mean']).toBeLessThan(load?.['mean'] ?? 0);
    expect([load?.['count'], rest?.['count']]).toEqual([all['count'], all['count']]);
  });

  test('it ends when nobody reads on', async () => {
    const child = start();
    await measuring(child);
    child.process.stderr?.destroy();
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toContain('(interrupted)');
  });

  test('a server that ends is told', async () => {
    const child = start('-c', '3');
    await measuring(child);
    await server.stop();
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    expect(child.stdout).toMatch(/^ {2}\d x (the server closed a connection|receiving: .*reset.*)$/m);
  });
});

test('a server of another protocol is told', async () => {
  const server = await startRingstone({ listen: ['resp://127.0.0.1:0'] });
  const { code, stdout } = await run(process.execPath, [cli, 'bench', '-t', '1s', '-c', '2', text(server.address)]);
  await server.child.kill();
  expect(code).toBe(1);
  expect(stdout).toMatch(/^ {2}2 x "-ERR .*" as the reply to a set$/m);
  expect(stdout).toContain('nothing was answered: is it a server of the memcached protocol? (--protocol)');
});

test('a server that refuses connections is quoted', async () => {
  const server = await startRingstone({ more: ['--max-connections', '3'] });
  const { code, stdout } = await run(process.execPath, [cli, 'bench', '-n', '100', '-c', '5', text(server.address)]);
  await server.child.kill();
  expect([code, stdout]).toEqual([1, expect.stringContaining('ERROR Too many open connections')]);
});

describe('a run that cannot begin', () => {
  test('more connections than the system allows', async () => {
    const server = await startRingstone();
    const command = 'ulimit -n 512 && exec "$0" "$@"';
    const { code, stderr } = await run('sh', [
      '-c',
      command,
      process.execPath,
      cli,
      'bench',
      '-c',
      '1000',
      text(server.address),
    ]);
    await server.child.kill();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringstone: cannot connect to .*: Too many open files .*\(connection 4\d\d of 1000\)$/m);
  });

  test.each([
    [['127.0.0.1:1'], 1, 'ringstone: cannot connect to 127.0.0.1:1: Connection refused'],
    [['unix:/nonexistent/socket'], 1, 'ringstone: cannot connect to unix:/nonexistent/socket: No such file'],
    [['nonexistent.invalid:1'], 1, 'ringstone: cannot connect to nonexistent.invalid:1: the name'],
    [['127.0.0.1:1', '--server-pid', '4194304'], 1, 'ringstone: cannot read the CPU time of process 4194304: '],
    [['127.0.0.1:1', '-c', 'many'], 2, 'ringstone: -c: must be a whole number'],
  ])('%j', async (args, exit, complaint) => {
    const { code, stdout, stderr } = await run(process.execPath, [cli, 'bench', ...args]);
    expect([code, stdout]).toEqual([exit, '']);
    expect(stderr.startsWith(complaint) ? complaint : stderr).toBe(complaint);
  });
});
