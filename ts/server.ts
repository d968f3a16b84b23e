import { formatAddress, type ListenAddress, type Protocol } from './config/address.ts';
import type { Config } from './config/schema.ts';
import { fromNative, type RingstoneError } from './errors.ts';
import type { State, Subject } from './http/routes.ts';
import { type HttpServer, startHttp } from './http/server.ts';
import type { Logger } from './log.ts';
import { type Machine, readMachine } from './machine.ts';
import {
  loadNative,
  type MetricFamily,
  type Native,
  type NativeCache,
  type NativeEvent,
  type NativeInfo,
  type NativeServer,
  type OpenOptions,
  type ServeListener,
  type ServeOptions,
} from './native.ts';
import { resolveHost } from './resolve.ts';
import { warnOfRights } from './users.ts';
import { VERSION } from './version.ts';

/** A running server. */
export interface RingstoneServer extends AsyncDisposable {
  /** Real addresses in the order of `server.listen`: `127.0.0.1:11211`, `unix:/path`. */
  readonly addresses: readonly string[];
  /** Real address of the HTTP side, `undefined` when it is off. */
  readonly httpAddress: string | undefined;
  /** The event loop that was taken. */
  readonly runtime: NativeInfo['runtime'];
  /** Why that one. */
  readonly runtimeReason: string;
  /** What /metrics renders, read now; empty once closed. */
  metrics(): readonly MetricFamily[];
  /** Keeps the process alive while the server runs. */
  ref(): void;
  /** Lets the process end while the server runs. */
  unref(): void;
  /**
   * Stops accepting, finishes what is in flight, closes the rest after `server.shutdown_timeout`, frees the memory.
   * True if nothing had to be cut off. Further calls return the same promise.
   */
  close(): Promise<boolean>;
}

/** A running server as the program sees it. */
export interface ServedServer extends RingstoneServer, Subject {
  /** Resolves when a client has sent memcached's `shutdown` and may; the server is closing then. */
  readonly shutdownRequested: Promise<void>;
  /** Resolves when it is being closed, whoever wants that. */
  readonly closingBegun: Promise<void>;
  /**
   * Reads the file of users again.
   *
   * @returns how many there are, 0 without such a file
   * @throws RingstoneError when the file does not hold; the users are those from before
   */
  reloadUsers(): number;
}

/** Levels of the log by memcached's `verbosity`; 0 is the one of the configuration. */
const VERBOSITY_LEVELS: Readonly<Record<string, string | undefined>> = { VERBOSITY_1: 'debug', VERBOSITY_2: 'trace' };

/** The longest delay that a timer takes, milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The server from its start to its end; what /ready and the others tell about. */
class Life implements ServedServer {
  readonly version = VERSION;
  readonly startedAtMs = Date.now();
  state: State = 'starting';
  readonly shutdownRequested: Promise<void>;
  private requestShutdown: () => void = () => {};
  readonly closingBegun: Promise<void>;
  private beginClosing: () => void = () => {};
  private native: NativeServer | undefined;
  private http: HttpServer | undefined;
  private closing: Promise<boolean> | undefined;
  /** Roots this object and keeps the process alive: nothing in the core does. */
  private readonly alive = setInterval(() => this.state, MAX_TIMER_MS);

  private readonly config: Config;
  private readonly logger: Logger;

  constructor(config: Config, logger: Logger) {
    this.config = config;
    this.logger = logger;
    this.shutdownRequested = new Promise(resolve => {
      this.requestShutdown = resolve;
    });
    this.closingBegun = new Promise(resolve => {
      this.beginClosing = resolve;
    });
  }

  async start(cache: NativeCache): Promise<void> {
    try {
      const { listen } = this.config.http;
      if (listen !== 'off') this.http = await startHttp(listen, this);
      if (this.config.auth.file !== 'off') warnOfRights(this.config.auth.file, this.logger);
      const options = await serveOptions(this.config, readMachine());
      this.native = cache.serve(options, event => this.onEvent(event));
      this.state = 'ready';
    } catch (error) {
      await this.close();
      throw fromNative(error);
    }
  }

  private onEvent({ warning, code, message }: NativeEvent): void {
    // The names of what concerns the process: crates/engine/src/shared.rs.
    if (code.startsWith('VERBOSITY_')) this.logger.level = VERBOSITY_LEVELS[code] ?? this.config.logging.level;
    this.logger[warning ? 'warn' : 'info']({ event: code }, message);
    if (code !== 'SHUTDOWN_REQUESTED') return;
    this.requestShutdown();
    void this.close();
  }

  reloadUsers(): number {
    const { file } = this.config.auth;
    if (file === 'off') return 0;
    warnOfRights(file, this.logger);
    try {
      return this.native?.reloadUsers() ?? 0;
    } catch (error) {
      throw fromNative(error);
    }
  }

  info(): NativeInfo | undefined {
    return this.native?.info();
  }

  get addresses(): readonly string[] {
    return this.info()?.addresses ?? [];
  }

  get httpAddress(): string | undefined {
    return this.http?.address;
  }

  get runtime(): NativeInfo['runtime'] {
    return this.info()?.runtime ?? 'mio';
  }

  get runtimeReason(): string {
    return this.info()?.runtimeReason ?? '';
  }

  metrics(): readonly MetricFamily[] {
    try {
      return this.native?.metrics() ?? [];
    } catch (error) {
      // The core may have finished while this thread has not heard of it yet.
      if ((error as Partial<RingstoneError>).code === 'RINGSTONE_STOPPED') return [];
      throw fromNative(error);
    }
  }

  onHttpError(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.logger.error({ event: 'http_error', err: error }, `an HTTP request or connection failed: ${why}`);
  }

  ref(): void {
    this.alive.ref();
    this.http?.ref();
  }

  unref(): void {
    this.alive.unref();
    this.http?.unref();
  }

  close(): Promise<boolean> {
    this.closing ??= this.stop();
    return this.closing;
  }

  private async stop(): Promise<boolean> {
    this.state = 'draining';
    this.beginClosing();
    this.native?.drain();
    const drained = (await this.native?.finish(this.config.server.shutdown_timeout)) ?? true;
    this.state = 'stopped';
    await this.http?.close();
    clearInterval(this.alive);
    return drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function startListener({ address, protocol }: ListenAddress, fallback: Protocol): Promise<ServeListener> {
  const speaks = protocol ?? fallback;
  if ('path' in address) return { path: address.path, protocol: speaks };
  return { address: formatAddress(await resolveHost(address, 'listen on')), protocol: speaks };
}

/** A cache that only its server uses. */
function openCache({ storage }: Config, core: Native): NativeCache {
  const options = {
    maxMemory: storage.max_memory,
    maxValueSize: storage.max_value_size,
    defaultTtlMs: storage.default_ttl,
    cleanupIntervalMs: storage.cleanup_interval,
    eviction: storage.eviction as OpenOptions['eviction'],
    asked: [],
  };
  return core.openCache(options, Buffer.alloc(0));
}

/** What crosses into Rust. */
async function serveOptions({ server, auth }: Config, machine: Machine): Promise<ServeOptions> {
  return Object.freeze({
    version: VERSION,
    listeners: await Promise.all(server.listen.map(listener => startListener(listener, server.protocol))),
    runtime: server.runtime,
    workers: server.workers === 0 ? machine.cores : server.workers,
    maxConnections: server.max_connections,
    idleTimeoutMs: server.idle_timeout,
    readBufferSize: server.read_buffer_size,
    writeBufferSize: server.write_buffer_size,
    tcpNodelay: server.tcp_nodelay,
    enableShutdown: server.enable_shutdown,
    ...(auth.file === 'off' ? {} : { authFile: auth.file }),
  });
}

/**
 * Starts a server on a complete configuration.
 *
 * @param cache what it serves; without it, a cache of its own as `storage` says
 *
 * @throws RingstoneError when it cannot start; nothing is left running then
 */
export async function startServer(config: Config, logger: Logger, cache?: NativeCache): Promise<ServedServer> {
  const life = new Life(config, logger);
  if (cache) {
    await life.start(cache);
    return life;
  }
  try {
    const own = openCache(config, loadNative());
    try {
      await life.start(own);
    } finally {
      // The server holds it from here on.
      own.close();
    }
  } catch (error) {
    await life.close();
    throw fromNative(error);
  }
  return life;
}
