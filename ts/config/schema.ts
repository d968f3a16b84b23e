import * as z from 'zod';
import type { Machine } from '../machine.ts';
import { PROTOCOLS } from './address.ts';
import { STORAGE_DEFAULTS } from './defaults.ts';
import { addressOrOff, choice, duration, flag, listeners, size, text, whole } from './fields.ts';

/** How a setting is shown and given on the command line. The environment name follows from its key. */
export interface SettingMeta {
  /** `--flag`; settings without one are set by file or environment. */
  readonly flag?: string;
  /** `-f`. */
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value: string;
  /** One sentence without a full stop. */
  readonly help: string;
  /** `--flag` alone means true, `--no-flag` false. */
  readonly boolean?: boolean;
  /** May be given several times. */
  readonly repeatable?: boolean;
}

/** Meta data of the schema's fields. */
export const settingMeta = z.registry<SettingMeta>();

const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

const MAX_LISTENERS = 64;
const MAX_WORKERS = 256;
const MAX_CONNECTIONS = 1_000_000;
const BUFFER_UNIT = 4 * KIB;

const RUNTIMES = ['auto', 'uring', 'mio'] as const;
const EVICTIONS = ['s3fifo', 'lru', 'none'] as const;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const LOG_FORMATS = ['auto', 'pretty', 'json'] as const;

function serverSection(memoryBytes: number) {
  const buffer = () => size({ min: BUFFER_UNIT, max: MIB, unit: BUFFER_UNIT, memoryBytes }).prefault('16kb');
  return z.strictObject({
    listen: listeners(MAX_LISTENERS).prefault('127.0.0.1:11211').register(settingMeta, {
      flag: 'listen',
      short: 'l',
      value: 'ADDR,...',
      repeatable: true,
      help: 'Where to listen: host:port, [v6]:port or unix:/path, each optionally with its own protocol (resp://127.0.0.1:6379)',
    }),
    protocol: choice(PROTOCOLS)
      .prefault('auto')
      .register(settingMeta, {
        flag: 'protocol',
        value: PROTOCOLS.join('|'),
        help: "What listeners speak that do not say; auto tells memcached and RESP apart by a connection's first bytes",
      }),
    runtime: choice(RUNTIMES)
      .prefault('auto')
      .register(settingMeta, {
        flag: 'runtime',
        value: RUNTIMES.join('|'),
        help: 'Event loop; auto takes io_uring where it works and mio (epoll) elsewhere, uring fails where it does not work',
      }),
    workers: whole({ min: 0, max: MAX_WORKERS }).prefault(0).register(settingMeta, {
      flag: 'workers',
      short: 'w',
      value: 'N',
      help: 'Worker threads; 0 is one per available core',
    }),
    max_connections: whole({ min: 1, max: MAX_CONNECTIONS }).prefault(10_000).register(settingMeta, {
      flag: 'max-connections',
      value: 'N',
      help: 'Connections at once; further ones are refused',
    }),
    idle_timeout: duration({ zero: true, min: '1s', max: '365d' }).prefault(0).register(settingMeta, {
      flag: 'idle-timeout',
      value: 'D',
      help: 'Close a connection after so long without a byte; 0 is never',
    }),
    read_buffer_size: buffer().register(settingMeta, {
      value: 'SIZE',
      help: 'Unit of the pool that is received into, a multiple of 4 KiB',
    }),
    write_buffer_size: buffer().register(settingMeta, {
      value: 'SIZE',
      help: 'Unit of the pool that is sent from, a multiple of 4 KiB',
    }),
    tcp_nodelay: flag().prefault(true).register(settingMeta, {
      flag: 'tcp-nodelay',
      boolean: true,
      value: 'true|false',
      help: 'Send replies at once instead of collecting them (TCP_NODELAY)',
    }),
    enable_shutdown: flag().prefault(false).register(settingMeta, {
      flag: 'enable-shutdown',
      boolean: true,
      value: 'true|false',
      help: "Obey memcached's shutdown command, whoever sends it",
    }),
    shutdown_timeout: duration({ zero: true, min: '1ms', max: '1h' }).prefault('10s').register(settingMeta, {
      value: 'D',
      help: 'How long a stop waits for what is in flight',
    }),
  });
}

function storageSection(memoryBytes: number) {
  return z.strictObject({
    max_memory: size({ min: MIB, max: 64 * TIB, memoryBytes })
      .prefault(STORAGE_DEFAULTS.maxMemory)
      .register(settingMeta, {
        flag: 'max-memory',
        short: 'm',
        value: 'SIZE',
        help: 'Memory for items and their index; a percentage is of the memory of the machine or its cgroup',
      }),
    default_ttl: duration({ zero: true, min: '1ms', max: '3650d' })
      .prefault(STORAGE_DEFAULTS.defaultTtl)
      .register(settingMeta, {
        flag: 'default-ttl',
        short: 't',
        value: 'D',
        help: 'Life of items that are written without one; 0 is for ever',
      }),
    max_value_size: size({ min: KIB, max: GIB, memoryBytes })
      .prefault(STORAGE_DEFAULTS.maxValueSize)
      .register(settingMeta, {
        flag: 'max-value-size',
        value: 'SIZE',
        help: 'Longest value',
      }),
    cleanup_interval: duration({ zero: false, min: '100ms', max: '1d' })
      .prefault(`${STORAGE_DEFAULTS.cleanupInterval / 1000}s`)
      .register(settingMeta, {
        flag: 'cleanup-interval',
        value: 'D',
        help: 'Expired items that nobody reads leave memory within this time',
      }),
    eviction: choice(EVICTIONS)
      .prefault(STORAGE_DEFAULTS.eviction)
      .register(settingMeta, {
        flag: 'eviction',
        value: EVICTIONS.join('|'),
        help: 'Which items go when the memory is full; none refuses writes instead',
      }),
  });
}

function authSection() {
  return z.strictObject({
    file: text('off or a path').prefault('off').register(settingMeta, {
      flag: 'auth-file',
      value: 'PATH|off',
      help: 'File of user:password lines; with one, clients of memcached and RESP have to say who they are. SIGHUP reads it again',
    }),
  });
}

function httpSection() {
  return z.strictObject({
    listen: addressOrOff().prefault('127.0.0.1:9090').register(settingMeta, {
      flag: 'http',
      value: 'ADDR|off',
      help: 'Where /health, /ready, /metrics and /stats are served',
    }),
  });
}

function loggingSection() {
  return z.strictObject({
    level: choice(LOG_LEVELS)
      .prefault('info')
      .register(settingMeta, {
        flag: 'log-level',
        value: LOG_LEVELS.join('|'),
        help: 'Least level that is written',
      }),
    file: text('stderr or a path').prefault('stderr').register(settingMeta, {
      flag: 'log-file',
      value: 'PATH',
      help: 'Where the log goes: stderr, or a file that SIGHUP reopens',
    }),
    format: choice(LOG_FORMATS)
      .prefault('auto')
      .register(settingMeta, {
        flag: 'log-format',
        value: LOG_FORMATS.join('|'),
        help: 'Form of the log; auto is pretty on a terminal and json elsewhere',
      }),
  });
}

/**
 * The whole configuration: every default, every check. Durations become milliseconds, sizes bytes.
 *
 * @param machine what percentages are taken of
 */
export function makeSchema({ memoryBytes }: Pick<Machine, 'memoryBytes'>) {
  return z.strictObject({
    server: serverSection(memoryBytes).prefault({}),
    storage: storageSection(memoryBytes).prefault({}),
    auth: authSection().prefault({}),
    http: httpSection().prefault({}),
    logging: loggingSection().prefault({}),
  });
}

type Schema = ReturnType<typeof makeSchema>;

/** What a file may hold and `serve` takes: everything is optional. */
export type Settings = z.input<Schema>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** Complete, validated and frozen. Durations in milliseconds, sizes in bytes. */
export type Config = DeepReadonly<z.output<Schema>>;
