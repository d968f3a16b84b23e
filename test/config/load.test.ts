import { describe, expect, test } from '@jest/globals';
import { checkSettings } from '../../ts/config/load.ts';
import { renderEffective } from '../../ts/config/render.ts';
import { SETTINGS } from '../../ts/config/settings.ts';
import { ConfigError } from '../../ts/errors.ts';
import { FILE, load, MACHINE, problemsOf } from './support.ts';

const MIB = 1024 ** 2;

describe('precedence', () => {
  const file = '[server]\nworkers = 1\nprotocol = "resp"\nmax_connections = 10\n';
  const environment = { RINGSTONE_SERVER_WORKERS: '2', RINGSTONE_SERVER_PROTOCOL: 'ping' };

  test('command line over environment over file over default', () => {
    const { config, origins } = load({ file, environment, args: ['--workers', '3'] });
    expect(config.server).toMatchObject({ workers: 3, protocol: 'ping', max_connections: 10, runtime: 'auto' });
    expect(Object.fromEntries(origins)).toMatchObject({
      'server.workers': '--workers',
      'server.protocol': 'RINGSTONE_SERVER_PROTOCOL',
      'server.max_connections': `${FILE}:4`,
      'server.runtime': 'default',
    });
  });

  test('an empty variable counts as not set', () => {
    expect(load({ file, environment: { RINGSTONE_SERVER_WORKERS: '' } }).config.server.workers).toBe(1);
  });
});

test('defaults', () => {
  expect(load({}).config).toEqual({
    server: {
      listen: [{ address: { host: '127.0.0.1', port: 11211 } }],
      protocol: 'auto',
      runtime: 'auto',
      workers: 0,
      max_connections: 10_000,
      idle_timeout: 0,
      read_buffer_size: 16_384,
      write_buffer_size: 16_384,
      tcp_nodelay: true,
      enable_shutdown: false,
      shutdown_timeout: 10_000,
    },
    storage: {
      max_memory: 64 * MIB,
      default_ttl: 0,
      max_value_size: 8 * MIB,
      cleanup_interval: 60_000,
      eviction: 's3fifo',
    },
    auth: { file: 'off' },
    http: { listen: { host: '127.0.0.1', port: 9090 } },
    logging: { level: 'info', file: 'stderr', format: 'auto' },
  });
});

test('the configuration is frozen to the bottom', () => {
  const { config } = load({});
  const listener = config.server.listen[0];
  expect([config, config.server, config.server.listen, listener, listener?.address].every(Object.isFrozen)).toBe(true);
});

test('what a program gives is copied', () => {
  const listen = ['127.0.0.1:1'];
  const { config } = checkSettings({ server: { listen } }, MACHINE);
  listen.push('127.0.0.1:2');
  expect(config.server.listen).toHaveLength(1);
  expect(Object.isFrozen(listen)).toBe(false);
});

test.each([
  [['--max-memory', '50%'], { storage: { max_memory: MACHINE.memoryBytes / 2 } }],
  [
    ['-m', '1gb', '-w', '8', '-t', '90'],
    { storage: { max_memory: 1024 * MIB, default_ttl: 90_000 }, server: { workers: 8 } },
  ],
  [['--no-tcp-nodelay'], { server: { tcp_nodelay: false } }],
  [['--tcp-nodelay'], { server: { tcp_nodelay: true } }],
  [['--tcp-nodelay=false'], { server: { tcp_nodelay: false } }],
  [['--http', 'off'], { http: { listen: 'off' } }],
  [['--http=[::1]:80'], { http: { listen: { host: '::1', port: 80 } } }],
  [['--eviction', 'LRU'], { storage: { eviction: 'lru' } }],
])('%j', (args, wanted) => {
  expect(load({ args }).config).toMatchObject(wanted);
});

test('listeners: repeated options, commas, and a list in the file', () => {
  const listen = (pieces: Parameters<typeof load>[0]) => load(pieces).config.server.listen;
  const both = [{ address: { host: '127.0.0.1', port: 1 } }, { address: { path: '/tmp/x' }, protocol: 'resp' }];
  expect(listen({ args: ['-l', '127.0.0.1:1', '-l', 'resp://unix:/tmp/x'] })).toEqual(both);
  expect(listen({ args: ['--listen', '127.0.0.1:1, resp://unix:/tmp/x'] })).toEqual(both);
  expect(listen({ file: '[server]\nlisten = ["127.0.0.1:1", "resp://unix:/tmp/x"]\n' })).toEqual(both);
  expect(listen({ environment: { RINGSTONE_SERVER_LISTEN: '127.0.0.1:1,resp://unix:/tmp/x' } })).toEqual(both);
});

describe('values that are refused', () => {
  test.each([
    [['--workers', '257'], 'server.workers: must be a whole number from 0 to 256, not "257" (--workers)'],
    [['--workers', '1.5'], 'whole number'],
    [['--workers', '-1'], 'whole number'],
    [['--workers', 'many'], 'whole number'],
    [['--max-connections', '0'], 'from 1 to 1000000'],
    [['--max-memory', '4kb'], 'storage.max_memory: must be from 1 MiB to 64 TiB, not "4kb" (--max-memory)'],
    [['--max-memory', '0.001%'], '(83.89 KiB)'],
    [['--max-value-size', '2gb'], 'from 1 KiB to 1 GiB'],
    [['--cleanup-interval', '0'], 'from 100ms to 1d'],
    [['--idle-timeout', '10ms'], '0 or from 1s to 365d'],
    [['--default-ttl', 'soon'], 'is not a duration'],
    [['--eviction', 'lfu'], 'must be one of s3fifo, lru, none, not "lfu" - did you mean lru?'],
    [['--tcp-nodelay=maybe'], 'true or false'],
    [['--listen', '127.0.0.1:1,127.0.0.1:1'], '127.0.0.1:1 is there twice'],
    [['--listen', Array.from({ length: 65 }, (_, port) => `127.0.0.1:${port}`).join()], '1 to 64 addresses'],
    [['--http', 'unix:/tmp/x'], 'host:port or off'],
    [['--http', 'resp://127.0.0.1:1'], 'is not an address'],
    [['--log-file', ' '], 'stderr or a path'],
  ])('%j', (args, problem) => {
    const problems = problemsOf({ args });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test.each([
    ['[server]\nread_buffer_size = 5000\n', `multiple of 4 KiB, not 5000 (${FILE}:2)`],
    ['[server]\nworkers = true\n', `must be a whole number from 0 to 256 (${FILE}:2)`],
    ['[server]\n\nlisten = [1]\n', `must be an address or a list of addresses (${FILE}:3)`],
    ['[storage]\neviction = 3\n', `must be one of s3fifo, lru, none (${FILE}:2)`],
    ['[logging]\nlevel = []\n', 'must be one of trace'],
  ])('%j', (file, problem) => {
    const problems = problemsOf({ file });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test('all problems are said at once', () => {
    const problems = problemsOf({
      file: '[server]\nwrokers = 1\n',
      environment: { RINGSTONE_STORAGE_MAX_MEMROY: '1gb' },
      args: ['--runtime', 'epoll', '--polling'],
    });
    expect(problems.map(problem => problem.split(' - ')[0])).toEqual([
      `${FILE}:2: unknown key server.wrokers`,
      'unknown environment variable RINGSTONE_STORAGE_MAX_MEMROY',
      'unknown option --polling',
      'server.runtime: must be one of auto, uring, mio, not "epoll" (--runtime)',
    ]);
  });
});

test('a program is told about unknown settings', () => {
  const wrong = { server: { wrokers: 1 }, sever: {} } as object;
  expect(() => checkSettings(wrong, MACHINE)).toThrow(ConfigError);
  expect(() => checkSettings(wrong, MACHINE)).toThrow(/wrokers/);
});

test.each([
  [{ sever: {} }, 'unknown section sever - did you mean server?'],
  [{ server: 5 }, 'server must be an object'],
  [{ server: null }, 'server must be an object'],
  [{ server: { workers: () => 1 } }, 'server.workers cannot be a function'],
])('a program is told what is no section and no value: %p', (wrong, problem) => {
  expect(() => checkSettings(wrong as object, MACHINE)).toThrow(new ConfigError([problem]));
});

describe('warnings', () => {
  test('a value limit above the memory', () => {
    expect(load({ args: ['-m', '4mb'] }).warnings[0]).toContain(
      'max_value_size (8 MiB) is above storage.max_memory (4 MiB)',
    );
  });
  test('more memory than there is', () => {
    expect(load({ args: ['-m', '9gb'] }).warnings[0]).toContain('above the memory of this machine (8 GiB)');
  });
  test('none otherwise', () => {
    expect(load({}).warnings).toEqual([]);
  });
});

test.each([
  { args: [] as string[] },
  { args: ['-m', '33%', '-l', 'resp://[::1]:1,unix:/tmp/a', '--http', 'off', '-t', '1500ms', '--no-tcp-nodelay'] },
])('the effective configuration reads back as the same: $args', ({ args }) => {
  const loaded = load({ args });
  const again = load({ file: renderEffective(loaded) });
  expect(again.config).toEqual(loaded.config);
  expect([...again.origins.values()].every(origin => origin.startsWith(`${FILE}:`))).toBe(true);
});

test('every setting has an option name of its own or none, and a sentence', () => {
  const names = SETTINGS.flatMap(({ flag, short }) => [flag, short].filter(name => name !== undefined));
  expect(new Set(names).size).toBe(names.length);
  for (const { help } of SETTINGS) expect(help).toMatch(/^[A-Z].*[^.]$/);
});
