/** Many connections at once, the limit of connections, and the gauge that counts them. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Child } from '../harness/children.ts';
import { fixture } from '../harness/fixture.ts';
import { metricsUntil, readMetrics } from '../harness/metrics.ts';
import { root } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { Wire } from '../harness/wire.ts';

const IDLE = 10_000;
const BUSY = 400;
const BUSY_ROUNDS = 50;
const MANY_TIMEOUT_MS = 120_000;
/** What an idle connection may cost, in bytes of resident memory. */
const IDLE_CONNECTION_BYTES = 4096;

const program = (name: string, ...args: (string | number)[]) =>
  new Child(process.execPath, [join(root, 'test', 'programs', name), ...args.map(String)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });

eachRuntime(runtime => {
  const { server } = fixture({ runtime, more: ['--max-connections', '11000'] });

  test(
    `${IDLE} idle connections and ${BUSY} busy ones at once`,
    async () => {
      const before = server().rss;
      const idle = program('idle-connections.mjs', server().port, IDLE);
      await idle.waitFor('all are open', ({ stdout }) => (stdout.includes('open\n') ? true : undefined));
      await metricsUntil(
        server().http,
        'the gauge counts them',
        metrics => metrics.sum('ringstone_connections') === IDLE,
      );
      expect(server().rss - before).toBeLessThan(IDLE * IDLE_CONNECTION_BYTES);

      const busy = program('busy-connections.mjs', server().port, BUSY, BUSY_ROUNDS);
      idle.process.stdin?.write('ask\n');
      const exit = await busy.exited;
      expect({ ...exit, out: busy.stdout }).toEqual({ code: 0, signal: null, out: `done ${BUSY * BUSY_ROUNDS * 2}\n` });
      await idle.waitFor('all are answered', ({ stdout }) =>
        stdout.includes(`answered ${IDLE}\n`) ? true : undefined,
      );
      expect(idle.stdout).not.toContain('lost');

      idle.process.stdin?.end();
      await idle.exited;
      await metricsUntil(
        server().http,
        'the gauge is back at zero',
        metrics => metrics.sum('ringstone_connections') === 0,
      );
    },
    MANY_TIMEOUT_MS,
  );
});

eachRuntime(runtime => {
  const limit = 5;
  const { server } = fixture({ runtime, more: ['--max-connections', String(limit)] });

  test('connections above the limit are told so and closed; ended ones make room', async () => {
    const { http, address } = server();
    const within = await Promise.all(Array.from({ length: limit }, () => Wire.connect(address)));
    for (const wire of within) {
      await wire.send('get absent\r\n');
      await wire.expect('END\r\n');
    }
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const above = await Wire.connect(address);
      expect((await above.readToEnd()).toString()).toMatch(
        /^(-?ERR|SERVER_ERROR|ERROR)[^\r\n]*connections[^\r\n]*\r\n$/i,
      );
      above.close();
    }
    const metrics = await readMetrics(http);
    expect(metrics.sum('ringstone_connections')).toBe(limit);
    expect(metrics.sum('ringstone_connections_rejected_total')).toBe(10);
    for (const wire of within) wire.close();
    await metricsUntil(http, 'the gauge is back at zero', now => now.sum('ringstone_connections') === 0);
    const next = await Wire.connect(address);
    await next.send('get absent\r\n');
    await next.expect('END\r\n');
    next.close();
  });

  test('the gauge does not leak, however connections end', async () => {
    const { http, address } = server();
    for (let round = 0; round < 60; round += 1) {
      const wire = await Wire.connect(address);
      const ends: readonly (() => void | Promise<void>)[] = [
        () => wire.close(),
        () => wire.reset(),
        () => wire.endInput(),
        () => wire.send('quit\r\n'),
        () => wire.send('*1\r\n$-1\r\n'),
        () => wire.send(`set k 0 0 100000\r\n${'x'.repeat(50_000)}`),
        () => wire.send('get absent\r\n'.repeat(1000)),
      ];
      await ends[round % ends.length]?.();
      if (round % 2 === 0) wire.close();
      else wire.reset();
      await metricsUntil(http, 'the gauge is back at zero', now => now.sum('ringstone_connections') === 0);
    }
  });
});
