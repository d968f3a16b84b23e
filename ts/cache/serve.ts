import type { Settings } from '../config/schema.ts';
import { ConfigError } from '../errors.ts';
import type { NativeCache } from '../native.ts';
import type { RingstoneServer } from '../server.ts';
import { unknownOption } from './known.ts';

/** How a cache is served. Times in milliseconds. */
export interface ServeOptions {
  /** `host:port`, `[v6]:port` or `unix:/path`, each optionally with its own protocol (`resp://127.0.0.1:6379`). */
  readonly listen: string | readonly string[];
  /** What listeners speak that do not say. By default memcached and RESP are told apart by a connection's first bytes. */
  readonly protocol?: 'auto' | 'memcached' | 'resp' | undefined;
  /** Event loop: `auto`, the default, takes io_uring where it works and mio elsewhere. */
  readonly runtime?: 'auto' | 'uring' | 'mio' | undefined;
  /** Threads; 0, the default, is one per available core. */
  readonly workers?: number | undefined;
  /** Connections at once. 10,000 by default. */
  readonly maxConnections?: number | undefined;
  /** A connection without a byte for so long is closed; 0, the default, is never. */
  readonly idleTimeout?: number | undefined;
  /** How long `close` waits for what is in flight. 10,000 by default. */
  readonly shutdownTimeout?: number | undefined;
  /** Where /health, /ready, /metrics and /stats are served, `host:port`; `'off'` by default. */
  readonly http?: string | undefined;
  /** File of `user:password` lines; with one, clients have to say who they are. */
  readonly authFile?: string | undefined;
  /** Least level that is written to stderr. `'warn'` by default. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' | undefined;
  /** Closes the server when it is aborted; the start fails with its reason if it is aborted by then. */
  readonly signal?: AbortSignal | undefined;
}

/** A server of a cache. It does not keep the process alive unless `ref` is called. */
export type CacheServer = RingstoneServer;

const NAMES: readonly (keyof ServeOptions)[] = [
  'listen',
  'protocol',
  'runtime',
  'workers',
  'maxConnections',
  'idleTimeout',
  'shutdownTimeout',
  'http',
  'authFile',
  'logLevel',
  'signal',
];

function toSettings(options: ServeOptions): Settings {
  const given = <T extends object>(section: T) =>
    Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined));
  return {
    server: given({
      listen: options.listen,
      protocol: options.protocol,
      runtime: options.runtime,
      workers: options.workers,
      max_connections: options.maxConnections,
      idle_timeout: options.idleTimeout && `${options.idleTimeout}ms`,
      shutdown_timeout: options.shutdownTimeout === undefined ? undefined : `${options.shutdownTimeout}ms`,
    }),
    http: { listen: options.http ?? 'off' },
    auth: given({ file: options.authFile }),
    logging: { level: options.logLevel ?? 'warn' },
  } as Settings;
}

/** Serves an open cache; what a server needs beyond the cache is loaded only now. */
export async function serveCache(native: NativeCache, options: ServeOptions): Promise<CacheServer> {
  const problem =
    unknownOption('serve', options, NAMES) ??
    (options.listen === undefined ? 'serve needs to be told where to listen' : undefined);
  if (problem !== undefined) throw new ConfigError([problem]);
  const { signal } = options;
  signal?.throwIfAborted();
  const [{ checkSettings }, { openLog }, { startServer }] = await Promise.all([
    import('../config/load.ts'),
    import('../log.ts'),
    import('../server.ts'),
  ]);
  const { config } = checkSettings(toSettings(options));
  const server = await startServer(config, openLog(config.logging).logger, native);
  if (signal?.aborted) {
    await server.close();
    signal.throwIfAborted();
  }
  if (signal) {
    const close = () => void server.close();
    signal.addEventListener('abort', close, { once: true });
    // A signal may live much longer than a server.
    void server.closingBegun.then(() => signal.removeEventListener('abort', close));
  }
  server.unref();
  return server;
}
