import * as z from 'zod';
import { choice, duration, field, flag, type Parsed, textOrNumber, whole } from '../config/fields.ts';
import { settingMeta } from '../config/schema.ts';
import { formatSize, parseSize } from '../config/size.ts';

/** What a load can speak. */
export const LOAD_PROTOCOLS = ['memcached', 'resp'] as const;
export type LoadProtocol = (typeof LOAD_PROTOCOLS)[number];

const MAX_CONNECTIONS = 100_000;
const MAX_THREADS = 256;
const MAX_PIPELINE = 10_000;
/** A line of memcached's protocol with so many of the longest keys is still one that servers take. */
const MAX_KEYS_PER_GET = 1000;
const MAX_VALUE_SIZE = 1024 ** 3;
const MAX_PART = 1_000_000;
const MAX_THETA = 10;
const MAX_RATE = 1_000_000_000;
/** Linux' own bound of a process' number. */
const MAX_PID = 2 ** 22;
/** memcached's. */
const MAX_KEY_SIZE = 250;

/** Parts of gets and sets. */
export interface Ratio {
  readonly gets: number;
  readonly sets: number;
}

/** Lengths of values in bytes. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

function ratio() {
  return field(z.string({ error: 'must be GETS:SETS' }), (raw): Parsed<Ratio> => {
    const [, gets, sets] = (/^(\d+):(\d+)$/.exec(raw) ?? []).map(Number);
    if (gets === undefined || sets === undefined || gets + sets === 0 || Math.max(gets, sets) > MAX_PART)
      return { problem: `must be GETS:SETS such as 90:10, each up to ${MAX_PART}, not ${JSON.stringify(raw)}` };
    return { value: { gets, sets } };
  });
}

/** One size, or the shortest and the longest: `100`, `16kb`, `100-4kb`. */
function sizes() {
  return field(textOrNumber('a size, or two with a dash'), (raw): Parsed<Range> => {
    const parts = String(raw).split('-');
    const parsed = parts.map(part => parseSize(part));
    const bytes = parsed.flatMap(part => (typeof part === 'object' && 'bytes' in part ? [part.bytes] : []));
    const [min, max = min] = bytes;
    if (min === undefined || max === undefined || bytes.length !== parts.length || parts.length > 2)
      return { problem: `must be a size such as 100 or 16kb, or two such as 100-4kb, not ${JSON.stringify(raw)}` };
    if (min > max) return { problem: `must have the shorter size first, not ${JSON.stringify(raw)}` };
    if (max > MAX_VALUE_SIZE) return { problem: `must be at most ${formatSize(MAX_VALUE_SIZE)}, not ${raw}` };
    return { value: { min, max } };
  });
}

function theta() {
  return field(textOrNumber('a number'), (raw): Parsed<number> => {
    const value = /^\d+(\.\d+)?$/.test(String(raw)) ? Number(raw) : Number.NaN;
    return value <= MAX_THETA
      ? { value }
      : { problem: `must be a number from 0 to ${MAX_THETA}, not ${JSON.stringify(raw)}` };
  });
}

function prefix() {
  return field(z.string({ error: 'must be text' }), raw =>
    /^[!-~]*$/.test(raw)
      ? { value: raw }
      : { problem: `must be printable ASCII without spaces, not ${JSON.stringify(raw)}` },
  );
}

const time = () => duration({ zero: true, min: '1ms', max: '30d' });

const shape = {
  protocol: choice(LOAD_PROTOCOLS)
    .prefault('memcached')
    .register(settingMeta, {
      flag: 'protocol',
      value: LOAD_PROTOCOLS.join('|'),
      help: 'What to speak; the address can say it as well: resp://127.0.0.1:6379',
    }),
  connections: whole({ min: 1, max: MAX_CONNECTIONS }).prefault(50).register(settingMeta, {
    flag: 'connections',
    short: 'c',
    value: 'N',
    help: 'Connections, over all threads',
  }),
  threads: whole({ min: 1, max: MAX_THREADS }).prefault(1).register(settingMeta, {
    flag: 'threads',
    value: 'N',
    help: 'Threads that send; one saturates several cores of a server unless pipelines are long',
  }),
  pipeline: whole({ min: 1, max: MAX_PIPELINE }).prefault(1).register(settingMeta, {
    flag: 'pipeline',
    short: 'P',
    value: 'N',
    help: 'Requests that a connection sends at once; the next ones follow when all are answered',
  }),
  ratio: ratio().prefault('90:10').register(settingMeta, {
    flag: 'ratio',
    value: 'GETS:SETS',
    help: 'Mix of requests',
  }),
  value_size: sizes().prefault('100').register(settingMeta, {
    flag: 'value-size',
    short: 'd',
    value: 'SIZE[-SIZE]',
    help: 'Length of values; of two, each length between them is as likely',
  }),
  keys: whole({ min: 1, max: Number.MAX_SAFE_INTEGER }).prefault(100_000).register(settingMeta, {
    flag: 'keys',
    short: 'k',
    value: 'N',
    help: 'Number of different keys',
  }),
  key_prefix: prefix().prefault('bench:').register(settingMeta, {
    flag: 'key-prefix',
    value: 'TEXT',
    help: 'Start of every key',
  }),
  key_size: whole({ min: 1, max: MAX_KEY_SIZE }).prefault(16).register(settingMeta, {
    flag: 'key-size',
    value: 'N',
    help: 'Length of every key in bytes: the prefix, and the number with leading zeros',
  }),
  keys_per_get: whole({ min: 1, max: MAX_KEYS_PER_GET }).prefault(1).register(settingMeta, {
    flag: 'keys-per-get',
    value: 'N',
    help: 'Keys that a get asks for at once: get of several keys, MGET',
  }),
  zipf: theta().prefault('0').register(settingMeta, {
    flag: 'zipf',
    value: 'THETA',
    help: 'Skew of the keys: the one of rank k is asked for in proportion to k^-THETA (0.99 is usual); 0 is uniform',
  }),
  preload: flag().prefault(true).register(settingMeta, {
    flag: 'preload',
    boolean: true,
    value: 'true|false',
    help: 'Set every key once before',
  }),
  warmup: time().prefault(0).register(settingMeta, {
    flag: 'warmup',
    value: 'D',
    help: 'Load before the measurement that is not counted',
  }),
  duration: duration({ zero: false, min: '1ms', max: '30d' }).prefault('10s').register(settingMeta, {
    flag: 'duration',
    short: 't',
    value: 'D',
    help: 'How long to measure',
  }),
  requests: whole({ min: 0, max: Number.MAX_SAFE_INTEGER }).prefault(0).register(settingMeta, {
    flag: 'requests',
    short: 'n',
    value: 'N',
    help: 'How many requests to measure instead of a duration; 0 goes by the duration',
  }),
  rate: whole({ min: 0, max: MAX_RATE }).prefault(0).register(settingMeta, {
    flag: 'rate',
    short: 'r',
    value: 'N',
    help: 'Requests per second at fixed times, whatever the server does; latency counts from the time that was meant. 0 is a closed loop',
  }),
  timeout: duration({ zero: false, min: '1ms', max: '1h' }).prefault('5s').register(settingMeta, {
    flag: 'timeout',
    value: 'D',
    help: 'Give a connection up that owes a reply and is silent for so long',
  }),
  progress: time().prefault('1s').register(settingMeta, {
    flag: 'progress',
    value: 'D',
    help: 'Time between lines of progress on stderr; 0 is none',
  }),
  server_pid: whole({ min: 0, max: MAX_PID }).prefault(0).register(settingMeta, {
    flag: 'server-pid',
    value: 'PID',
    help: 'Process whose CPU time per request is reported, on this machine; 0 is none',
  }),
  seed: whole({ min: 0, max: Number.MAX_SAFE_INTEGER }).prefault(1).register(settingMeta, {
    flag: 'seed',
    value: 'N',
    help: 'The same seed gives the same requests',
  }),
  json: flag().prefault(false).register(settingMeta, {
    flag: 'json',
    boolean: true,
    value: 'true|false',
    help: 'Print the results as JSON',
  }),
};

/** The options of `ringstone bench`: every default, every check. Durations become milliseconds, sizes bytes. */
export const benchSchema = z.strictObject(shape).superRefine((options, context) => {
  const problem = (name: keyof typeof shape, message: string) =>
    context.addIssue({ code: 'custom', path: [name], message, input: options[name] });
  if (options.threads > options.connections)
    problem('threads', `must be at most the ${options.connections} connections, not ${options.threads}`);
  const needed = options.key_prefix.length + String(options.keys - 1).length;
  if (needed > options.key_size)
    problem(
      'key_size',
      `must be at least ${needed} for the prefix and ${options.keys} numbers, not ${options.key_size}`,
    );
});

/** Complete and validated. */
export type BenchOptions = z.output<typeof benchSchema>;
