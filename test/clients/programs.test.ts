/** Clients in other languages, each by its own test program or its own suite, against a server on each runtime. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type Exit, run } from '../harness/children.ts';
import { fixture } from '../harness/fixture.ts';
import { missingProgram } from '../harness/programs.ts';
import { describeWith } from '../harness/requirement.ts';
import { root } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { missingPythonClients, python } from './python.ts';

const folder = join(root, 'test', 'clients');
/** A compiler or an installer may have to run first. */
const TIMEOUT_MS = 180_000;

/** Fails with the program's own output. */
function succeeded({ code, signal, stdout, stderr }: Exit & { stdout: string; stderr: string }): string {
  if (code !== 0) throw new Error(`ended with ${signal ?? code}\n${stdout}\n${stderr}`);
  return stdout + stderr;
}

eachRuntime(runtime => {
  const { server } = fixture({ runtime, more: ['--max-memory', '128mb'] });

  describeWith(missingPythonClients(), 'Python', () => {
    test.each(['test_pymemcache.py', 'test_redis.py'])(
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

  describeWith(missingProgram('memccapable', 'apt-get install libmemcached-tools'), 'libmemcached', () => {
    test('memccapable -a', async () => {
      const result = await run('memccapable', ['-h', '127.0.0.1', '-p', String(server().port), '-a']);
      const lines = succeeded(result)
        .split('\n')
        .filter(line => /\[(pass|FAIL)\]/i.test(line));
      expect(lines.filter(line => /FAIL/i.test(line))).toEqual([]);
      expect(lines.length).toBeGreaterThan(20);
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
    test('mass insertion', async () => {
      const commands = Array.from({ length: 3000 }, (_, index) => `SET mass-${index} ${index}\r\n`).join('');
      expect(await cli(['--pipe'], commands)).toMatch(/errors: 0, replies: 3000/);
    });
  });
});
