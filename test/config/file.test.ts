import { describe, expect, test } from '@jest/globals';
import { lineOfKey } from '../../ts/config/file.ts';
import { FILE, load, problemsOf } from './support.ts';

describe('the line of a key', () => {
  const toml = [
    '# workers = 9',
    'title = "x"',
    '[server] # the server',
    'listen = [',
    '  "127.0.0.1:1",',
    ']',
    '"workers" = 2',
    '[ storage ]',
    'max_memory = "1gb"',
  ].join('\n');

  test.each([
    [['server', 'listen'], 4],
    [['server', 'workers'], 7],
    [['storage', 'max_memory'], 9],
    [['title'], 2],
    [['server', 'missing'], 3],
    [['nowhere'], undefined],
  ])('%j', (path, line) => {
    expect(lineOfKey(toml, path)).toBe(line);
  });

  test('dotted keys and inline tables', () => {
    expect(lineOfKey('a.b = 1\nserver . workers = 2', ['server', 'workers'])).toBe(2);
    expect(lineOfKey('a = 1\nserver = { workers = 2 }', ['server', 'workers'])).toBe(2);
  });
});

test.each([
  ['[server]\nport = 1\n', `${FILE}:2: unknown key server.port`],
  ['[server]\nworker = 1\n', `${FILE}:2: unknown key server.worker - did you mean workers?`],
  ['\n[sever]\nworkers = 1\n', `${FILE}:2: unknown section sever - did you mean server?`],
  ['[tls]\ncert = "x"\n', `${FILE}:1: unknown section tls - this version has no TLS`],
  ['[server]\n[grpc]\nlisten = "off"\n', `${FILE}:2: unknown section grpc - this version has no gRPC`],
  ['[storage]\nengine = "rocksdb"\n', `${FILE}:2: unknown key storage.engine - this version has no storage on disk`],
  ['workers = 1\n', `${FILE}:1: unknown key workers`],
  ['server = 1\n', `${FILE}:1: server must be a section ([server])`],
])('%j', (file, problem) => {
  expect(problemsOf({ file })).toEqual([problem]);
});

test('what is not TOML is told by line and column', () => {
  const [problem, ...more] = problemsOf({ file: '[server]\nworkers = = 1\n' });
  expect(problem).toMatch(new RegExp(`^${FILE}:2:\\d+: `));
  expect(more).toEqual([]);
});

test('a file that is not there', () => {
  expect(problemsOf({ args: ['--config', '/nowhere/ringstone.toml'] })).toEqual([
    '/nowhere/ringstone.toml: there is no such file',
  ]);
});

test('numbers, booleans and text are taken as they are', () => {
  const file = '[server]\ntcp_nodelay = false\nworkers = "3"\nidle_timeout = 30\n[storage]\nmax_memory = 2097152\n';
  const { config } = load({ file });
  expect(config.server).toMatchObject({ tcp_nodelay: false, workers: 3, idle_timeout: 30_000 });
  expect(config.storage.max_memory).toBe(2_097_152);
});
