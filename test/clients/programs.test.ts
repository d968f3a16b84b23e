/** Clients in other languages, each by its own test program or its own suite, against a server on each runtime. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Child, type Exit, run } from '../harness/children.ts';
import { fixture } from '../harness/fixture.ts';
import { missingProgram } from '../harness/programs.ts';
import { describeWith } from '../harness/requirement.ts';
import { root, temporaryFolder } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { missingPythonClients, python } from './python.ts';

const folder = join(root, 'test', 'clients');
/** A compiler or an installer may have to run first. */
const TIMEOUT_MS = 180_000;

/** Tests of `memccapable -a`; memcached 1.6.18 passes them all. */
const CAPABILITIES = 27;

/** Fails with the program's own output. */
function succeeded({ code, signal, stdout, stderr }: Exit & { stdout: string; stderr: string }): string {
  if (code !== 0) throw new Error(`ended with ${signal ?? code}\n${stdout}\n${stderr}`);
  return stdout + stderr;
}

eachRuntime(runtime => {
  const { server } = fixture({ runtime, more: ['--max-memory', '128mb'] });

  describeWith(missingPythonClients(), 'Python', () => {
    test.each(['test_pymemcache.py', 'test_libmemcached.py', 'test_binary.py', 'test_redis.py'])(
      '%s',
      async file => {
        const result = await run(python, [join(folder, 'python', file)], {
          env: { ...process.env, RINGSTONE_PORT: String(server().port), PYTHONDONTWRITEBYTECODE: '1' },
        });
        expect(succeeded(result)).toMatch(/Ran [1-9]\d* tests[\s\S]*OK/);
      },
      TIMEOUT_MS,
    );
  });

  describeWith(missingProgram('go', 'install Go 1.24 or newer'), 'Go', () => {
    test(
      'gomemcache and go-redis',
      async () => {
        const result = await run('go', ['test', '-count=1', './...'], {
          cwd: join(folder, 'go'),
          env: { ...process.env, RINGSTONE_ADDRESS: `127.0.0.1:${server().port}` },
        });
        expect(succeeded(result)).toMatch(/^ok\s/m);
      },
      TIMEOUT_MS,
    );
  });

  describeWith(missingProgram('mvn', 'install Maven and a JDK (Debian: apt-get install maven)'), 'Java', () => {
    test(
      'spymemcached and Jedis',
      async () => {
        const build = join(root, 'node_modules', '.cache', 'ringstone', 'java-clients');
        const result = await run('mvn', ['--quiet', '--batch-mode', `-Dclients.build=${build}`, 'test'], {
          cwd: join(folder, 'java'),
          env: { ...process.env, RINGSTONE_PORT: String(server().port) },
        });
        succeeded(result);
      },
      TIMEOUT_MS,
    );
  });

  describeWith(missingProgram('memccapable', 'apt-get install libmemcached-tools'), 'libmemcached', () => {
    let files: ReturnType<typeof temporaryFolder>;
    beforeEach(() => {
      files = temporaryFolder();
    });
    afterEach(() => files.remove());
    const servers = () => `--servers=127.0.0.1:${server().port}`;
    const codeOf = async (program: string, ...args: string[]) => (await run(program, [servers(), ...args])).code;

    test('memccapable -a: all that memcached passes', async () => {
      const result = await run('memccapable', ['-h', '127.0.0.1', '-p', String(server().port), '-a']);
      const lines = succeeded(result)
        .split('\n')
        .filter(line => /\[\w+\]/.test(line));
      expect(lines.filter(line => !line.endsWith('[pass]'))).toEqual([]);
      expect(lines).toHaveLength(CAPABILITIES);
    });
    test('its tools: memccp, memccat, memcexist, memctouch, memcrm, memcstat, memcping', async () => {
      const path = join(files.path, 'tool');
      writeFileSync(path, 'from a file');
      expect(await codeOf('memccp', path)).toBe(0);
      expect(succeeded(await run('memccat', [servers(), 'tool']))).toBe('from a file\n');
      expect(await codeOf('memcexist', 'tool')).toBe(0);
      expect(await codeOf('memctouch', '--expire=100', 'tool')).toBe(0);
      expect(await codeOf('memcrm', 'tool')).toBe(0);
      expect(await codeOf('memcexist', 'tool')).toBe(1);
      expect(succeeded(await run('memcstat', [servers()]))).toMatch(/\bversion: 1\.6\.\d+\n/);
      expect(await codeOf('memcping')).toBe(0);
    });
    test('memcaslap: a load, each value verified', async () => {
      const load = ['--threads=1', '--concurrency=8', '--execute_number=20000', '--verify=1.0', '--division=5'];
      const result = succeeded(await run('memcaslap', [`-s127.0.0.1:${server().port}`, ...load]));
      expect(result).toMatch(/^get_misses: 0$/m);
      expect(result).toMatch(/^verify_misses: 0$/m);
      expect(result).toMatch(/^verify_failed: 0$/m);
      expect(Number(/^cmd_get: (\d+)$/m.exec(result)?.[1])).toBeGreaterThan(10_000);
    });
  });

  describeWith(missingProgram('redis-cli', 'apt-get install redis-tools'), 'redis-cli', () => {
    const cli = async (args: readonly string[], input = '') => {
      const quoted = ['-p', String(server().port), ...args];
      const result = await run('sh', ['-c', 'printf %s "$0" | redis-cli "$@"', input, ...quoted]);
      return succeeded(result);
    };
    test('commands as arguments', async () => {
      expect(await cli(['SET', 'cli', 'hello', 'EX', '100'])).toBe('OK\n');
      expect(await cli(['GET', 'cli'])).toBe('hello\n');
      expect(await cli(['-3', '--json', 'MGET', 'cli', 'absent'])).toBe('["hello",null]\n');
      expect(await cli(['INFO', 'server'])).toMatch(/redis_version:/);
      expect(await cli(['NONSENSE'])).toMatch(/ERR unknown command 'NONSENSE'/);
    });
    test('commands line by line, with quotes', async () => {
      expect(await cli([], 'SET "a key" "a\\r\\nvalue"\nSTRLEN "a key"\nDEL "a key"\nECHO \'x y\'\n')).toBe(
        'OK\n8\n1\nx y\n',
      );
    });
    test('--stat: a line per round, with no field missing', async () => {
      const child = new Child('redis-cli', ['-p', String(server().port), '--stat', '-i', '0.02']);
      // It goes on for ever, and writes to a pipe only when 4 KiB have come together.
      const rounds = await child.waitFor('rounds', ({ stdout }) => {
        const lines = stdout.split('\n').slice(0, -1);
        const shown = lines.filter(line => !/^(-|keys)/.test(line));
        return shown.length > 0 ? shown : undefined;
      });
      await child.kill();
      const columns = /^\d+ +[\d.]+[BKMG] +\d+ +0 +\d+ \(\+\d+\) +\d+ +$/;
      expect(rounds.filter(line => !columns.test(line))).toEqual([]);
    });
    test('mass insertion', async () => {
      const commands = Array.from({ length: 3000 }, (_, index) => `SET mass-${index} ${index}\r\n`).join('');
      expect(await cli(['--pipe'], commands)).toMatch(/errors: 0, replies: 3000/);
    });
  });
});
