import net from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { State, Subject } from '../../ts/http/routes.ts';
import { HTTP_LIMITS, type HttpServer, startHttp } from '../../ts/http/server.ts';
import type { NativeInfo } from '../../ts/native.ts';
import { FAMILIES } from './families.ts';

const INFO: NativeInfo = {
  runtime: 'mio',
  runtimeReason: 'asked for',
  workers: 2,
  addresses: ['127.0.0.1:1'],
  maxMemory: 64,
  cells: 1,
};

let http: HttpServer;
let subject: { -readonly [Key in keyof Subject]: Subject[Key] };

const onHttpError = jest.fn();

beforeEach(async () => {
  subject = {
    version: '1.2.3',
    state: 'ready',
    startedAtMs: Date.now(),
    info: () => INFO,
    metrics: () => FAMILIES,
    onHttpError,
  };
  http = await startHttp({ host: '127.0.0.1', port: 0 }, subject);
});
afterEach(() => http.close());

const get = (path: string, init?: RequestInit) => fetch(`http://${http.address}${path}`, init);

/** Sends bytes and reads until the server closes. */
function raw(text: string): Promise<string> {
  const [host, port] = http.address.split(':');
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), host);
    let answer = '';
    socket.setEncoding('latin1').on('data', (data: string) => {
      answer += data;
    });
    socket.on('error', reject).on('close', () => resolve(answer));
    socket.write(text);
  });
}

describe('routes', () => {
  test.each<[State, number]>([
    ['starting', 503],
    ['ready', 200],
    ['draining', 503],
    ['stopped', 503],
  ])('/ready while %s is %i, /health is 200', async (state, status) => {
    subject.state = state;
    const ready = await get('/ready');
    expect([ready.status, await ready.text()]).toEqual([status, `${state}\n`]);
    expect((await get('/health')).status).toBe(200);
  });

  test('a route that throws is answered 500 and told of; the next request is answered', async () => {
    const error = new Error('no such luck');
    subject.metrics = () => {
      throw error;
    };
    const answer = await get('/metrics');
    expect([answer.status, await answer.text()]).toEqual([500, 'no such luck\n']);
    expect(onHttpError).toHaveBeenCalledWith(error);
    expect((await get('/health')).status).toBe(200);
  });

  test('/metrics in both formats', async () => {
    const plain = await get('/metrics?x=1');
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await plain.text()).toContain('\nringstone_commands_total{protocol="resp"} 3\n');
    const open = await get('/metrics', { headers: { accept: 'application/openmetrics-text' } });
    expect(open.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(await open.text()).toMatch(/\n# EOF\n$/);
  });

  test('/stats', async () => {
    const answer = await get('/stats');
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({
      version: '1.2.3',
      state: 'ready',
      runtime: 'mio',
      workers: 2,
      metrics: { ringstone_commands_total: [{ labels: { protocol: 'resp' }, value: 3 }, {}], ringstone_items: null },
    });
  });

  test('/stats and /metrics before the core has started', async () => {
    Object.assign(subject, { state: 'starting', info: () => undefined, metrics: () => [] });
    expect(await (await get('/stats')).json()).toMatchObject({ state: 'starting', metrics: {} });
    expect((await get('/metrics')).status).toBe(200);
  });

  test.each(['/', '/metrics/', '/Health', '/../stats', '//metrics'])('%s is 404', async path => {
    expect(await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 404 /);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is 405', async method => {
    const answer = await get('/metrics', { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('HEAD has the headers of GET and no body', async () => {
    const [head, whole] = [await get('/metrics', { method: 'HEAD' }), await get('/metrics')];
    expect(head.headers.get('content-length')).toBe(whole.headers.get('content-length'));
    expect(await head.text()).toBe('');
  });
});

describe('hostile clients', () => {
  test.each([
    ['no HTTP', 'get a\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['RESP', '*1\r\n$4\r\nPING\r\n', /^HTTP\/1\.1 400 /],
    ['two lengths', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a long header', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(9000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['a long target', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 431 /],
    [
      'a body that never comes',
      'GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n',
      /^HTTP\/1\.1 200 /,
    ],
  ])('%s', async (_, text, answer) => {
    expect(await raw(text)).toMatch(answer);
    expect((await get('/health')).status).toBe(200);
  });

  test(
    'a request that is not finished is ended by the server',
    async () => {
      const started = await raw('GET /health HTTP/1.1\r\nHost: x\r\n');
      expect(started).toMatch(/^(HTTP\/1\.1 408 |$)/);
    },
    4 * HTTP_LIMITS.requestTimeoutMs,
  );

  test('connections above the bound are closed, the others live on', async () => {
    const [host, port] = http.address.split(':');
    let closed = 0;
    const sockets = Array.from({ length: HTTP_LIMITS.maxConnections + 8 }, () =>
      net.connect(Number(port), host).on('error', () => undefined),
    );
    await new Promise<void>(resolve => {
      for (const socket of sockets) {
        socket.on('close', () => {
          closed += 1;
          if (closed === 8) resolve();
        });
      }
    });
    for (const socket of sockets) socket.destroy();
  });

  test('closing ends connections that wait', async () => {
    const waiting = raw('GET /health HTTP/1.1\r\nHost: x\r\n');
    const connected = get('/health');
    await connected;
    await http.close();
    await expect(waiting.catch(() => '')).resolves.toBe('');
    http = await startHttp({ host: '127.0.0.1', port: 0 }, subject);
  });
});

test('connections that cannot be accepted are told of and end nothing', async () => {
  const listen = jest.spyOn(net.Server.prototype, 'listen');
  const other = await startHttp({ host: '127.0.0.1', port: 0 }, subject);
  const [server] = listen.mock.contexts as net.Server[];
  listen.mockRestore();
  const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
  // Without a listener, an event of this name throws.
  for (let times = 1; times <= 3; times += 1) server?.emit('error', error);
  expect(onHttpError.mock.calls.filter(([told]) => told === error)).toHaveLength(3);
  await other.close();
});

test('an address in use is told with its code', async () => {
  const [host = '', port] = http.address.split(':');
  await expect(startHttp({ host, port: Number(port) }, subject)).rejects.toMatchObject({
    code: 'RINGSTONE_ADDRESS_IN_USE',
    message: `cannot listen on ${http.address} for HTTP: the address is in use`,
  });
});

test('a name that does not exist is told with its code', async () => {
  await expect(startHttp({ host: 'nowhere.invalid', port: 0 }, subject)).rejects.toMatchObject({
    code: 'RINGSTONE_ADDRESS_NOT_FOUND',
  });
});
