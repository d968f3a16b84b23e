import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Child, killLeftovers } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { logLines, serverArguments, spawnRingstone, startRingstone, temporaryFolder } from '../harness/ringstone.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());
afterAll(async () => {
  await killLeftovers();
});

const until = (child: Child, text: string) =>
  child.waitFor(text, ({ stderr }) => (stderr.includes(text) ? true : undefined));

describe('the banner', () => {
  test('json: one last line has all facts', async () => {
    const server = await startRingstone({ runtime: 'mio', workers: 3, more: ['--max-memory', '32mb'] });
    const [banner] = server.events('ready');
    expect(banner).toMatchObject({
      level: 'info',
      event: 'ready',
      runtime: 'mio',
      runtime_reason: expect.any(String),
      workers: 3,
      max_memory_bytes: 32 * 1024 ** 2,
      listeners: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)],
      http: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('pretty: sentences with version, runtime and why, workers, memory and listeners', async () => {
    const path = join(folder.path, 'socket');
    const args = ['--http', 'off', '--workers', '1', '-m', '8mb', '-l', `resp://unix:${path},127.0.0.1:0`];
    const child = spawnRingstone([...args, '--runtime', 'mio', '--log-format', 'pretty']);
    await until(child, 'ready');
    child.signal('SIGINT');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    const said = child.stderr.split('\n').map(line => line.replace(/^\[\S+\] INFO: /, ''));
    expect(said).toEqual([
      expect.stringMatching(/^ringstone \d+\.\d+\.\d+\S*, pid \d+$/),
      expect.stringMatching(/^runtime mio \(.+\)$/),
      expect.stringMatching(/^1 worker, 8 MiB of memory in \d+ cells?, eviction s3fifo, values up to 8 MiB$/),
      `listening on unix:${path} for RESP`,
      expect.stringMatching(/^listening on 127\.0\.0\.1:\d+ for memcached and RESP$/),
      'ready',
      'SIGINT: draining',
      'stopped',
      '',
    ]);
  });

  test('warns of listening beyond loopback and of what does not fit', async () => {
    const server = await startRingstone({ listen: ['0.0.0.0:0'], more: ['--max-connections', '1000000', '-m', '2mb'] });
    const warnings = server.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    expect(warnings).toEqual([
      expect.stringContaining('max_value_size (8 MiB) is above'),
      expect.stringContaining('server.max_connections is 1000000, but the limit of open files'),
      expect.stringContaining('no authentication'),
    ]);
    await server.stop();
  });
});

test('warns of HTTP beyond loopback, not of a long form of loopback', async () => {
  const warnings = async (listen: string, http: string) => {
    const server = await startRingstone({ listen: [listen], http });
    await server.stop();
    return server.log.filter(({ level }) => level === 'warn').map(({ event }) => event);
  };
  expect(await warnings('127.0.0.1:0', '0.0.0.0:0')).toEqual(['not_loopback']);
  expect(await warnings('[0:0:0:0:0:0:0:1]:0', '127.0.0.1:0')).toEqual([]);
});

describe('what cannot be listened on is one line and exit 1', () => {
  const failure = async (args: readonly string[]) => {
    const child = spawnRingstone(args);
    const exit = await child.exit();
    return { ...exit, lines: child.stderr.trimEnd().split('\n') };
  };

  test('a port in use', async () => {
    const first = await startRingstone();
    const args = serverArguments({ listen: [`127.0.0.1:${first.port}`] });
    const { code, lines } = await failure(args);
    expect([code, lines.length]).toEqual([1, 1]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      code: 'RINGSTONE_ADDRESS_IN_USE',
      msg: expect.stringContaining(`cannot listen on 127.0.0.1:${first.port}: `),
    });
    await first.stop();
  });

  test('the same, pretty', async () => {
    const first = await startRingstone();
    const { code, lines } = await failure(['--http', 'off', '--log-format', 'pretty', '-l', `127.0.0.1:${first.port}`]);
    expect([code, lines.length]).toEqual([1, 1]);
    expect(lines[0]).toContain(`FATAL: cannot listen on 127.0.0.1:${first.port}: `);
    await first.stop();
  });

  test('a port in use for HTTP; the listeners are given up', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const { code, lines } = await failure(serverArguments({ http: `127.0.0.1:${port}` }));
    expect([code, lines.length]).toEqual([1, 1]);
    expect(lines[0]).toContain('for HTTP: the address is in use');
    other.close();
  });

  test('a name that nobody knows', async () => {
    const { code, lines } = await failure(serverArguments({ listen: ['nowhere.invalid:0'] }));
    expect([code, lines.length]).toEqual([1, 1]);
    expect(lines[0]).toContain('RINGSTONE_ADDRESS_NOT_FOUND');
  });

  test('is said on stderr also when the log is elsewhere or silent', async () => {
    const bad = serverArguments({ listen: ['nowhere.invalid:0'] });
    for (const more of [
      ['--log-file', join(folder.path, 'log')],
      ['--log-level', 'silent'],
    ]) {
      const { code, lines } = await failure([...bad, ...more]);
      expect([code, lines]).toEqual([1, [expect.stringMatching(/^ringstone: cannot listen on nowhere\.invalid:0: /)]]);
    }
  });

  test('a log file that cannot be opened', async () => {
    const { code, lines } = await failure(['--log-file', folder.path]);
    expect([code, lines]).toEqual([1, [expect.stringContaining(`cannot open the log file ${folder.path}: `)]]);
  });
});

describe('draining', () => {
  /** A server that waits for the rest of a value, after SIGTERM. */
  const startDraining = async (shutdownTimeout: string) => {
    const server = await startRingstone({ environment: { RINGSTONE_SERVER_SHUTDOWN_TIMEOUT: shutdownTimeout } });
    const wire = await server.connect();
    await wire.send('set a 0 0 1\r\nx\r\nset b 0 0 10\r\n01');
    await wire.expect('STORED\r\n');
    server.child.signal('SIGTERM');
    await until(server.child, 'draining');
    return { server, wire };
  };

  test('/ready says 503 and the metrics go on, until what was in flight is finished', async () => {
    const { server, wire } = await startDraining('60s');
    expect((await fetch(`${server.http}/ready`)).status).toBe(503);
    expect((await fetch(`${server.http}/health`)).status).toBe(200);
    expect(await (await fetch(`${server.http}/metrics`)).text()).toContain('ringstone_connections 1\n');
    await wire.send('23456789\r\n');
    await wire.expect('STORED\r\n');
    expect(await server.child.exit()).toEqual({ code: 0, signal: null });
    expect(server.log.at(-1)).toMatchObject({ level: 'info', event: 'stopped' });
  });

  test('a second signal ends at once', async () => {
    const { server } = await startDraining('60s');
    server.child.signal('SIGTERM');
    expect(await server.child.exit()).toEqual({ code: 1, signal: null });
  });

  test('what does not finish is cut off at the timeout', async () => {
    const { server } = await startDraining('100ms');
    expect(await server.child.exit()).toEqual({ code: 0, signal: null });
    expect(server.log.at(-1)).toMatchObject({ level: 'warn', msg: expect.stringContaining('cut off') });
  });
});

describe('SIGHUP', () => {
  test('takes the log level from the file and names what needs a restart', async () => {
    const path = join(folder.path, 'ringstone.toml');
    writeFileSync(path, '[logging]\nlevel = "info"\n');
    const server = await startRingstone({ more: ['--config', path] });
    writeFileSync(path, '[logging]\nlevel = "warn"\n[storage]\nmax_memory = "32mb"\n');
    server.child.signal('SIGHUP');
    // At level warn the reload itself is not written any more, a broken file is.
    writeFileSync(path, '[logging]\nlevel = "info"\n[storage]\nmax_memory = "32mb"\n');
    server.child.signal('SIGHUP');
    await until(server.child, 'a restart is needed for storage.max_memory');
    writeFileSync(path, '[logging]\nlvel = "info"\n');
    server.child.signal('SIGHUP');
    await until(server.child, 'the configuration stays as it was');
    expect(logLines(server.child.stderr).at(-1)?.msg).toContain('unknown key logging.lvel - did you mean level?');
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('a log file that cannot be opened again: the server and its log go on, until it can', async () => {
    const [place, aside] = [join(folder.path, 'place'), join(folder.path, 'aside')];
    const child = spawnRingstone(serverArguments({ more: ['--log-file', join(place, 'log')] }));
    const logged = (path: string, text: string) =>
      eventually(text, () => (existsSync(path) && readFileSync(path, 'utf8').includes(text)) || undefined);
    await logged(join(place, 'log'), '"ready"');
    renameSync(place, aside);
    writeFileSync(place, 'a file where the folder was');
    child.signal('SIGHUP');
    await logged(join(aside, 'log'), 'cannot reopen the log file');
    await logged(join(aside, 'log'), '"reloaded"');
    rmSync(place);
    child.signal('SIGHUP');
    await logged(join(place, 'log'), '"reloaded"');
    child.signal('SIGTERM');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  test('reopens the log file', async () => {
    const path = join(folder.path, 'log');
    const child = spawnRingstone(serverArguments({ more: ['--log-file', path] }));
    const logged = (text: string) =>
      eventually(text, () => readFileSync(path, { encoding: 'utf8', flag: 'a+' }).includes(text) || undefined);
    await logged('"ready"');
    renameSync(path, `${path}.1`);
    child.signal('SIGHUP');
    await logged('reloaded');
    expect(readFileSync(`${path}.1`, 'utf8')).not.toContain('reloaded');
    expect(child.stderr).toBe('');
    child.signal('SIGTERM');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });
});
