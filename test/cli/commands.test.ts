import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../harness/children.ts';
import { cli, root, temporaryFolder } from '../harness/ringstone.ts';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
let folder: ReturnType<typeof temporaryFolder>;

beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

const ringstone = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, [cli, ...args], { env: { ...process.env, ...environment } });

test.each(['--version', '-V'])('%s', async option => {
  expect(await ringstone([option])).toMatchObject({ code: 0, stdout: `ringstone ${version}\n`, stderr: '' });
});

test.each([['--help'], ['-h'], ['serve', '--help'], ['doctor', '-h']])('%s %s', async (...args) => {
  const { code, stdout, stderr } = await ringstone(args.filter(Boolean));
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('--max-memory SIZE');
  for (const later of ['--tls-cert', '--grpc', ' cli ', ' top ', ' token ']) expect(stdout).not.toContain(later);
});

test.each(['--help', 'check-config', 'doctor'])('%s into a pipe that nobody reads is no failure', async command => {
  // The shell closes the pipe's reading end before the program has started to write.
  const pipe = '{ sleep 0.2; "$0" "$@"; echo "ended with $?" >&2; } | true';
  const { stderr } = await run('sh', ['-c', pipe, process.execPath, cli, command]);
  expect(stderr).toBe('ended with 0\n');
});

describe('wrong usage ends with 2, says why on stderr and starts nothing', () => {
  test.each([
    [['--workrs', '2'], 'ringstone: unknown option --workrs - did you mean --workers?\n'],
    [['--tls-cert', 'x'], 'ringstone: unknown option --tls-cert - this version has no TLS\n'],
    [['--constructor=x'], 'ringstone: unknown option --constructor\n'],
    [['srve'], 'ringstone: unknown command "srve" - did you mean serve?\n'],
    [['top'], 'ringstone: unknown command "top" - this version has no top\n'],
    [['--listen', 'nonsense'], 'ringstone: server.listen: "nonsense" is not an address'],
    [['check-config', '--workers', 'x'], 'ringstone: server.workers: must be a whole number from 0 to 256'],
    [['doctor', '--config', '/nowhere.toml'], 'ringstone: /nowhere.toml: there is no such file\n'],
    [['--help', '--nonsense'], 'ringstone: unknown option --nonsense'],
  ])('%j', async (args, complaint) => {
    const { code, stdout, stderr } = await ringstone(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(complaint) ? complaint : stderr).toBe(complaint);
  });

  test.each([
    ['RINGSTONE_WORKERS', 'did you mean RINGSTONE_SERVER_WORKERS?'],
    ['RINGSTONE_LOG_FILE', 'did you mean RINGSTONE_LOGGING_FILE?'],
    ['RINGSTONE_CONFIG', 'the file is given with --config'],
  ])('a variable named without its section: %s', async (name, hint) => {
    const { code, stderr } = await ringstone(['check-config'], { [name]: '3' });
    expect([code, stderr]).toEqual([2, `ringstone: unknown environment variable ${name} - ${hint}\n`]);
  });

  test('a misspelt variable', async () => {
    const { code, stderr } = await ringstone(['check-config'], { RINGSTONE_STORAGE_MAX_MEMROY: '1gb' });
    expect([code, stderr]).toEqual([
      2,
      'ringstone: unknown environment variable RINGSTONE_STORAGE_MAX_MEMROY - did you mean RINGSTONE_STORAGE_MAX_MEMORY?\n',
    ]);
  });
});

test('check-config prints values with their sources, and warnings on stderr', async () => {
  const path = join(folder.path, 'ringstone.toml');
  writeFileSync(path, '# comment\n[storage]\nmax_memory = "4mb"\n');
  const { code, stdout, stderr } = await ringstone(['check-config', '-c', path, '-w', '3'], {
    RINGSTONE_LOGGING_LEVEL: 'warn',
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^workers = 3 +# -w$/m);
  expect(stdout).toMatch(/^level = "warn" +# RINGSTONE_LOGGING_LEVEL$/m);
  expect(stdout).toContain(`max_memory = "4mb"       # ${path}:3\n`);
  expect(stdout).toMatch(/^eviction = "s3fifo" +# default$/m);
  expect(stderr).toContain('ringstone: storage.max_value_size (8 MiB) is above storage.max_memory (4 MiB)');
});

test('doctor prints a table and ends with 0, whatever it finds', async () => {
  const { code, stdout } = await ringstone(['doctor', '--max-connections', '1000000']);
  expect(code).toBe(0);
  const verdicts = new Map(
    [...stdout.matchAll(/^(\S.*?) {2,}(ok|note|bad) +(.+)$/gm)].map(([, what, verdict, detail]) => [
      what,
      [verdict, detail],
    ]),
  );
  expect([...verdicts.keys()]).toEqual([
    'node',
    'kernel',
    'io_uring',
    'cores',
    'open files',
    'memory',
    'locked memory',
    'overcommit',
    'huge pages',
    'listen queue',
    'clock',
  ]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(verdicts.size);
  expect(verdicts.get('node')?.[1]).toContain(process.versions.node);
});

test('a native part that does not load is told with the command that builds it', async () => {
  const { code, stderr } = await ringstone(['--log-format', 'json'], {
    RINGSTONE_NATIVE_LIBRARY: join(folder.path, 'none.node'),
  });
  expect(code).toBe(1);
  expect(JSON.parse(stderr)).toMatchObject({
    level: 'fatal',
    code: 'RINGSTONE_NATIVE_MISSING',
    msg: expect.stringContaining('npm run build'),
  });
});
