/** The command line of `ringstone bench`. */
import { describe, expect, test } from '@jest/globals';
import { BENCH_OPTIONS, type Bench, readBenchArguments } from '../../ts/bench/arguments.ts';
import { renderBenchHelp } from '../../ts/bench/render.ts';
import { ConfigError } from '../../ts/errors.ts';

const ADDRESS = '127.0.0.1:11211';

function bench(...args: string[]): Bench {
  const read = readBenchArguments(args);
  if (read.help) throw new Error('it is a wish for help');
  return read;
}

test('an address is enough', () => {
  expect(bench(ADDRESS)).toMatchObject({
    target: { host: '127.0.0.1', port: 11211 },
    options: {
      protocol: 'memcached',
      connections: 50,
      pipeline: 1,
      ratio: { gets: 90, sets: 10 },
      value_size: { min: 100, max: 100 },
      duration: 10_000,
      rate: 0,
      preload: true,
      json: false,
    },
  });
});

test.each([
  [['-c', '8', ADDRESS, '--pipeline', '16'], { connections: 8, pipeline: 16 }],
  [[ADDRESS, '-d', '16kb'], { value_size: { min: 16_384, max: 16_384 } }],
  [[ADDRESS, '-d', '100-4kb'], { value_size: { min: 100, max: 4096 } }],
  [[ADDRESS, '--ratio', '1:0'], { ratio: { gets: 1, sets: 0 } }],
  [[ADDRESS, '--zipf', '0.99', '--no-preload', '--json'], { zipf: 0.99, preload: false, json: true }],
  [[ADDRESS, '-t', '500ms', '--warmup', '1', '-r', '1000'], { duration: 500, warmup: 1000, rate: 1000 }],
  [['resp://[::1]:6379'], { protocol: 'resp' }],
  [['resp://unix:/run/socket', '--protocol', 'resp'], { protocol: 'resp' }],
])('%j', (args, options) => {
  expect(bench(...args).options).toMatchObject(options);
});

describe('what does not hold', () => {
  test.each([
    [[], 'the address is missing: ringstone bench [options] host:port or unix:/path'],
    [['nowhere'], '"nowhere" is not an address; write 127.0.0.1:11211, [::1]:11211 or unix:/path'],
    [['127.0.0.1:0'], '"127.0.0.1:0" has no port to connect to'],
    [['echo://127.0.0.1:1'], '"echo://127.0.0.1:1": a load speaks memcached or resp, not echo'],
    [['resp://127.0.0.1:1', '--protocol', 'memcached'], '--protocol memcached contradicts the address'],
    [[ADDRESS, 'more'], 'unexpected argument "more"'],
    [['--conections', '2', ADDRESS], 'unknown option --conections - did you mean --connections?'],
    [[ADDRESS, '-c', '0'], '-c: must be a whole number from 1 to 100000, not "0"'],
    [[ADDRESS, '-c'], '-c needs a value'],
    [[ADDRESS, '-c', '1', '-c', '2'], '-c given twice'],
    [[ADDRESS, '--ratio', '9'], '--ratio: must be GETS:SETS such as 90:10, each up to 1000000, not "9"'],
    [[ADDRESS, '--ratio', '0:0'], '--ratio: must be GETS:SETS such as 90:10, each up to 1000000, not "0:0"'],
    [[ADDRESS, '-d', '50%'], '-d: must be a size such as 100 or 16kb, or two such as 100-4kb, not "50%"'],
    [[ADDRESS, '-d', '1-2-3'], '-d: must be a size such as 100 or 16kb, or two such as 100-4kb, not "1-2-3"'],
    [[ADDRESS, '-d', '5-2'], '-d: must have the shorter size first, not "5-2"'],
    [[ADDRESS, '--zipf', '-1'], '--zipf: must be a number from 0 to 10, not "-1"'],
    [[ADDRESS, '-t', '0'], '-t: must be from 1ms to 30d, not "0"'],
    [[ADDRESS, '-t', 'long'], '-t: "long" is not a duration; write 60 (seconds), 500ms, 10s, 5m, 2h or 7d'],
    [[ADDRESS, '--key-prefix', 'a b'], '--key-prefix: must be printable ASCII without spaces, not "a b"'],
    [
      [ADDRESS, '--key-size', '9', '-k', '1001'],
      '--key-size: must be at least 10 for the prefix and 1001 numbers, not 9',
    ],
    [[ADDRESS, '-c', '2', '--threads', '3'], '--threads: must be at most the 2 connections, not 3'],
  ])('%j', (args, problem) => {
    let problems: readonly string[] = [];
    try {
      readBenchArguments(args);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems = error.problems;
    }
    expect(problems).toEqual([problem, 'ringstone bench --help shows all options']);
  });
});

test('the help shows every option with its default, and each is understood', () => {
  const help = renderBenchHelp('1.2.3').replace(/\s+/g, ' ');
  for (const { flag, help: sentence, fallback, boolean } of BENCH_OPTIONS) {
    expect(help).toContain(boolean ? `--[no-]${flag}` : `--${flag}`);
    expect(help).toContain(`${sentence}. Default ${fallback}`);
    const args = boolean ? [`--no-${flag}`] : [`--${flag}`, fallback === '0' ? '0' : fallback];
    expect(() => readBenchArguments([...args, ADDRESS])).not.toThrow();
  }
  expect(readBenchArguments(['-h'])).toEqual({ help: true });
});
