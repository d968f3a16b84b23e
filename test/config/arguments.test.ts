import { describe, expect, test } from '@jest/globals';
import { readArguments } from '../../ts/config/arguments.ts';
import { readEnvironment } from '../../ts/config/environment.ts';
import { nearest } from '../../ts/config/nearest.ts';

describe('command line', () => {
  test.each([
    [[], 'serve'],
    [['serve'], 'serve'],
    [['--workers', '2', 'doctor'], 'doctor'],
    [['check-config', '-m', '1gb'], 'check-config'],
  ])('%j is %s', (args, command) => {
    expect(readArguments(args)).toMatchObject({ command, problems: [] });
  });

  test.each([
    [['--workrs', '2'], 'unknown option --workrs - did you mean --workers?'],
    [['--max-memroy=1gb'], 'unknown option --max-memroy - did you mean --max-memory?'],
    [['-x'], 'unknown option -x'],
    [['--zzzzzz'], 'unknown option --zzzzzz'],
    [['--tls-cert', 'x'], 'unknown option --tls-cert - this version has no TLS'],
    [['--grpc=off'], 'unknown option --grpc - this version has no gRPC'],
    [['--auth-secret-file', 'x'], 'unknown option --auth-secret-file - this version has no signed tokens'],
    [['--rate-limit', '1'], 'unknown option --rate-limit - this version has no rate limits'],
    [['--data-dir', 'x'], 'unknown option --data-dir - this version has no storage on disk'],
    [['--storage', 'rocksdb'], 'unknown option --storage - this version has no storage on disk'],
    [['servr'], 'unknown command "servr" - did you mean serve?'],
    [['token'], 'unknown command "token" - this version has no token'],
    [['bnech'], 'unknown command "bnech" - did you mean bench?'],
    [['-w', '1', 'bench'], 'bench comes first, before its options: ringstone bench [options] ADDRESS'],
    [['doctor', 'now'], 'unexpected argument "now"'],
    [['--workers'], '--workers needs a value'],
    [['--workers='], '--workers needs a value'],
    [['--listen', '--workers'], '--listen needs a value'],
    [['-w', '1', '--workers', '2'], '-w and --workers given twice'],
    [['--config', 'a', '-c', 'b'], '-c given twice'],
    [['--no-tcp-nodelay=true'], '--no-tcp-nodelay takes no value'],
    [['--no-workers'], 'unknown option --no-workers - did you mean --workers?'],
  ])('%j', (args, problem) => {
    expect(readArguments(args).problems).toEqual([problem]);
  });
});

describe('environment', () => {
  const problems = (environment: NodeJS.ProcessEnv) => readEnvironment(environment).problems;

  test.each([
    [
      'RINGSTONE_SERVER_WORKER',
      'unknown environment variable RINGSTONE_SERVER_WORKER - did you mean RINGSTONE_SERVER_WORKERS?',
    ],
    [
      'RINGSTONE_STORGE_MAX_MEMORY',
      'unknown environment variable RINGSTONE_STORGE_MAX_MEMORY - did you mean RINGSTONE_STORAGE_MAX_MEMORY?',
    ],
    ['RINGSTONE_TLS_CERT', 'unknown environment variable RINGSTONE_TLS_CERT - this version has no TLS'],
  ])('%s is refused', (name, problem) => {
    expect(problems({ [name]: '1' })).toEqual([problem]);
  });

  test.each([
    'RINGSTONE_SERVICE_HOST',
    'RINGSTONE_PORT_11211_TCP_ADDR',
    'RINGSTONE_HTTP_SERVICE_PORT',
    'RINGSTONE_HTTP_PORT',
    'RINGSTONE_HTTP_PORT_9090_TCP',
    'RINGSTONE_NATIVE_LIBRARY',
    'RINGSTONE_CACHE',
    'RINGSTONE_VERSION',
    'PATH',
  ])('%s is left alone', name => {
    expect(problems({ [name]: 'x' })).toEqual([]);
  });
});

test.each([
  ['workrs', 'workers'],
  ['wrokers', 'workers'],
  ['protcol', 'protocol'],
  ['zebra', undefined],
  ['x', undefined],
])('nearest to %s: %s', (word, found) => {
  expect(nearest(word, ['workers', 'protocol', 'runtime'])).toBe(found);
});
