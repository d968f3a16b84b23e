/** The program as users start it: `node dist/cli.js serve ...`, with its log, its real ports and its end. */
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, type Exit } from './children.ts';
import { residentBytes } from './memory.ts';
import type { Runtime } from './runtimes.ts';
import { type Address, Wire } from './wire.ts';

/** Root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
/** The program. */
export const cli = join(root, 'dist', 'cli.js');

/** How to start it; what is not given has the tests' default. */
export interface ServerOptions {
  runtime?: Runtime | 'auto';
  workers?: number;
  /** Listeners as the option takes them; one on a port of the system's choice if not given. */
  listen?: readonly string[];
  /** More options, as on the command line. */
  more?: readonly string[];
  /** HTTP listener; a port of the system's choice if not given. */
  http?: string;
  environment?: Record<string, string>;
  /** Command and arguments to start node with, for filters around it. */
  around?: readonly string[];
}

/** One line of the log. */
export interface LogLine {
  level: string;
  msg: string;
  /** What the line tells of; its facts are further fields. */
  event?: string;
  [field: string]: unknown;
}

/** A server that runs. */
export class RingstoneServer {
  readonly child: Child;
  /** The real addresses, in the order of the listeners. */
  readonly addresses: Address[];
  /** `http://127.0.0.1:port`; empty without HTTP. */
  readonly http: string;

  /** The log line that says it serves, with its facts. */
  readonly ready: LogLine;

  constructor(child: Child, ready: LogLine) {
    this.child = child;
    this.ready = ready;
    this.addresses = (ready['listeners'] as string[]).map(parseAddress);
    this.http = ready['http'] ? `http://${ready['http']}` : '';
  }

  /** Log lines of one event. */
  events(event: string): LogLine[] {
    return this.log.filter(line => line.event === event);
  }

  /** The first listener. */
  get address(): Address {
    const [address] = this.addresses;
    if (!address) throw new Error('no listener');
    return address;
  }

  /** The port of the first listener. */
  get port(): number {
    const { address } = this;
    if (!('port' in address)) throw new Error('the first listener is no TCP one');
    return address.port;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Resident bytes now. */
  get rss(): number {
    return residentBytes(this.pid);
  }

  /** Its log so far. */
  get log(): LogLine[] {
    return logLines(this.child.stderr);
  }

  /** A raw connection to the first listener. */
  connect(): Promise<Wire> {
    return Wire.connect(this.address);
  }

  /** SIGTERM, and waits for its end. */
  async stop(): Promise<Exit> {
    this.child.signal('SIGTERM');
    return this.child.exit();
  }
}

/** Lines of the log that are JSON. */
export function logLines(text: string): LogLine[] {
  return text.split('\n').flatMap(line => {
    if (!line.startsWith('{')) return [];
    try {
      return [JSON.parse(line) as LogLine];
    } catch {
      return [];
    }
  });
}

/** The command line for a server. */
export function serverArguments(options: ServerOptions): string[] {
  const { runtime = 'auto', workers = 2, listen = ['127.0.0.1:0'], http = '127.0.0.1:0', more = [] } = options;
  return [
    'serve',
    '--runtime',
    runtime,
    '--workers',
    String(workers),
    '--http',
    http,
    '--log-format',
    'json',
    ...listen.flatMap(address => ['--listen', address]),
    ...more,
  ];
}

/** Starts the program without waiting for anything. */
export function spawnRingstone(
  args: readonly string[],
  options: Pick<ServerOptions, 'environment' | 'around'> = {},
): Child {
  if (!existsSync(cli)) throw new Error(`${cli} is missing: npm run build`);
  const [command = process.execPath, ...before] = [...(options.around ?? []), process.execPath, cli, ...args];
  return new Child(command, before, { env: { ...process.env, ...options.environment } });
}

/** Starts a server and waits until it serves. */
export async function startRingstone(options: ServerOptions = {}): Promise<RingstoneServer> {
  const child = spawnRingstone(serverArguments(options), options);
  const ready = await child.waitFor('it is ready', () => logLines(child.stderr).find(line => line.event === 'ready'));
  return new RingstoneServer(child, ready);
}

function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) return { path: text.slice('unix:'.length) };
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** A folder that is removed after the test; short, for socket paths have a bound. */
export function temporaryFolder(): { path: string; remove: () => Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'ringstone-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
