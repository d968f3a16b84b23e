import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { formatAddress, type HostPort } from '../config/address.ts';
import { type ErrorCode, RingstoneError } from '../errors.ts';
import { resolveHost } from '../resolve.ts';
import { ALLOWED_METHODS, type Answer, answer, type Subject } from './routes.ts';

/** Bounds of the HTTP side; docs/configuration.md lists them. */
export const HTTP_LIMITS = {
  maxConnections: 64,
  maxHeaderBytes: 8 * 1024,
  maxHeaders: 64,
  maxRequestsPerConnection: 1000,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  /** Without a byte in either direction, also while a client does not read its answer. */
  idleTimeoutMs: 10_000,
  checkIntervalMs: 1_000,
} as const;

/** The HTTP side, listening. */
export interface HttpServer {
  /** Real address: `127.0.0.1:9090`. */
  readonly address: string;
  /** Keeps the process alive while this listens. */
  ref(): void;
  /** Lets the process end while this listens. */
  unref(): void;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

const ERROR_CODES: Readonly<Record<string, ErrorCode>> = {
  EADDRINUSE: 'RINGSTONE_ADDRESS_IN_USE',
  EADDRNOTAVAIL: 'RINGSTONE_ADDRESS_UNAVAILABLE',
  EACCES: 'RINGSTONE_PERMISSION_DENIED',
};

/** A defect in what is told must not end the process that serves. */
function safeAnswer(subject: Subject, request: IncomingMessage): Answer {
  try {
    return answer(subject, request.method ?? '', request.url ?? '', request.headers.accept);
  } catch (error) {
    subject.onHttpError(error);
    return { status: 500, type: 'text/plain; charset=utf-8', body: `${(error as Error).message}\n` };
  }
}

function respond(subject: Subject, request: IncomingMessage, response: ServerResponse): void {
  const { status, type, body } = safeAnswer(subject, request);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 405 && { Allow: ALLOWED_METHODS.join(', ') }),
    // A body that nobody wants is not read to its end.
    ...(hasBody(request) && { Connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What is not HTTP, or too much of it, is answered in one line and closed. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const statuses: Readonly<Record<string, string>> = {
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  };
  socket.end(
    `HTTP/1.1 ${statuses[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

function create(subject: Subject): Server {
  const server = createServer(
    {
      maxHeaderSize: HTTP_LIMITS.maxHeaderBytes,
      headersTimeout: HTTP_LIMITS.headersTimeoutMs,
      requestTimeout: HTTP_LIMITS.requestTimeoutMs,
      keepAliveTimeout: HTTP_LIMITS.keepAliveTimeoutMs,
      connectionsCheckingInterval: HTTP_LIMITS.checkIntervalMs,
    },
    (request, response) => respond(subject, request, response),
  );
  server.maxConnections = HTTP_LIMITS.maxConnections;
  server.maxHeadersCount = HTTP_LIMITS.maxHeaders;
  server.maxRequestsPerSocket = HTTP_LIMITS.maxRequestsPerConnection;
  server.setTimeout(HTTP_LIMITS.idleTimeoutMs);
  server.on('clientError', refuse);
  return server;
}

function realAddress(server: Server): string {
  const { address: host, port } = server.address() as AddressInfo;
  return formatAddress({ host, port });
}

/**
 * Starts to serve /health, /ready, /metrics and /stats.
 *
 * @throws RingstoneError when the address cannot be listened on
 */
export async function startHttp(wanted: HostPort, subject: Subject): Promise<HttpServer> {
  const address = await resolveHost(wanted, 'listen on');
  const server = create(subject);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = ERROR_CODES[error.code ?? ''] ?? 'RINGSTONE_START_FAILED';
      const why = code === 'RINGSTONE_ADDRESS_IN_USE' ? 'the address is in use' : error.message;
      reject(new RingstoneError(code, `cannot listen on ${formatAddress(address)} for HTTP: ${why}`, { cause: error }));
    });
    server.listen(address, resolve);
  });
  // Accepting can fail later, where descriptors or memory run out: that client is lost, the server is not.
  server.removeAllListeners('error').on('error', error => subject.onHttpError(error));
  return {
    address: realAddress(server),
    ref: () => server.ref(),
    unref: () => server.unref(),
    close: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
