/** Loaders in several threads: who takes over when a thread is held up, ends, or lets go; and what others do to a key meanwhile. */
import { describe, expect, test } from '@jest/globals';
import { DIALECTS } from '../harness/dialects.ts';
import { eventually } from '../harness/eventually.ts';
import { readMetrics } from '../harness/metrics.ts';
import { command } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { LONG_MS, Served } from '../harness/served.ts';
import type { Thread } from '../harness/threads.ts';

const each = Object.entries(DIALECTS);
/** Long enough that a test can do something meanwhile. */
const SHORT_MS = 100;

eachRuntime(runtime => {
  /** What clients of all protocols are answered for a key. */
  const askAll = (served: Served, key: string) =>
    each.map(async ([name, dialect]) => {
      const wire = await served.connect();
      await wire.send(dialect.get(key));
      const text = dialect
        .read(wire, key)
        .catch((error: Error) => error.message.replace(/^(?:SERVER_ERROR |-ERR )/, ''));
      return [name, await text];
    });
  const all = (text: string | undefined) => each.map(([name]) => [name, text]);

  describe('a thread that is held up by its loader', () => {
    test('does not hold up clients: they are answered when the runs have timed out', async () => {
      await using served = await Served.start(runtime);
      const thread = await served.thread();
      await thread.loader('t', 'block', { timeout: SHORT_MS });
      served.cache.set('there', 'v');
      const asked = Promise.all(askAll(served, 't'));
      expect(await thread.run()).toBe('t');
      expect(await Promise.all(askAll(served, 'there'))).toEqual(all('v'));
      expect(await asked).toEqual(all('load failed: the loader did not answer in time'));
      // The thread is held up still.
      thread.release();
    });

    test('is taken over from by another thread', async () => {
      await using served = await Served.start(runtime);
      const [blocked, other] = [await served.thread(), await served.thread()];
      await blocked.loader('t', 'block', { timeout: SHORT_MS });
      const asked = Promise.all(askAll(served, 't'));
      expect(await blocked.run()).toBe('t');
      await other.loader('t', 'value', { timeout: LONG_MS });
      expect(await asked).toEqual(all(`t of thread ${other.worker.threadId}`));
      // Until it has answered again, it is asked last.
      expect(await Promise.all(askAll(served, 't2'))).toEqual(all(`t2 of thread ${other.worker.threadId}`));
      expect([await other.run(), await other.run()]).toEqual(['t', 't2']);
      blocked.release();
    });

    test('may itself have asked: it is answered when it goes on', async () => {
      await using served = await Served.start(runtime);
      const thread = await served.thread();
      await thread.loader('t', 'block', { timeout: SHORT_MS, onError: 'miss' });
      const { results } = await thread.fetch('t', 3);
      await thread.run();
      expect(await Promise.all(askAll(served, 't'))).toEqual(all(undefined));
      thread.release();
      expect(await results).toEqual([{}, {}, {}]);
    });
  });

  describe('a thread that is ended within its run', () => {
    const start = async (served: Served): Promise<Thread> => {
      const thread = await served.thread();
      await thread.loader('t', 'never', { timeout: LONG_MS });
      return thread;
    };

    test('is taken over from', async () => {
      await using served = await Served.start(runtime);
      const thread = await start(served);
      const asked = Promise.all(askAll(served, 't'));
      await thread.run();
      const other = await served.thread();
      await other.loader('t', 'value');
      await thread.end();
      expect(await asked).toEqual(all(`t of thread ${other.worker.threadId}`));
    });

    test('leaves a miss if nobody takes over', async () => {
      await using served = await Served.start(runtime);
      const thread = await start(served);
      const asked = Promise.all(askAll(served, 't'));
      const fetched = served.cache.fetch('t');
      await thread.run();
      await thread.end();
      expect(await asked).toEqual(all(undefined));
      expect(await fetched).toBeUndefined();
    });

    test('may be held up by it', async () => {
      await using served = await Served.start(runtime);
      const thread = await served.thread();
      await thread.loader('t', 'block', { timeout: LONG_MS });
      const asked = Promise.all(askAll(served, 't'));
      await thread.run();
      await thread.end();
      expect(await asked).toEqual(all(undefined));
    });

    test('as one that waits: the others are not disturbed', async () => {
      await using served = await Served.start(runtime);
      const thread = await served.thread();
      await thread.fetch('k', 10);
      await served.waiting(10);
      const asked = Promise.all(askAll(served, 'k'));
      await served.waiting(14);
      await thread.end();
      await served.waiting(4);
      (await served.gate.next()).resolve('v');
      expect(await asked).toEqual(all('v'));
    });
  });

  test('a failure of one thread is told in others', async () => {
    await using served = await Served.start(runtime);
    const thread = await served.thread();
    await thread.loader('t', 'throw');
    const why = `no t in thread ${thread.worker.threadId}`;
    const fetched = served.cache.fetch('t').catch((error: unknown) => error);
    const { results } = await thread.fetch('t');
    expect(await Promise.all(askAll(served, 't'))).toEqual(all(`load failed: ${why}`));
    expect(await fetched).toMatchObject({ code: 'RINGSTONE_LOAD_FAILED', message: why });
    expect(await results).toEqual([{ code: 'RINGSTONE_LOAD_FAILED', message: why }]);
  });

  test('threads that have the same pattern share the work; each key is loaded once', async () => {
    await using served = await Served.start(runtime);
    const threads = await Promise.all(Array.from({ length: 3 }, () => served.thread()));
    for (const thread of threads) await thread.loader('t', 'slow');
    const keys = Array.from({ length: 30 }, (_, index) => `t${index}`);
    const answers = await Promise.all(
      keys.map(async key => {
        const answered = await Promise.all([
          ...askAll(served, key),
          served.cache.fetch(key).then(value => ['', String(value)]),
        ]);
        return new Set(answered.map(([, text]) => text)).size;
      }),
    );
    expect(answers).toEqual(keys.map(() => 1));
    const runs = await eventually('all runs are told of', () => {
      const counts = threads.map(thread => thread.runs);
      return counts.reduce((sum, count) => sum + count) >= keys.length ? counts : undefined;
    });
    expect(runs.reduce((sum, count) => sum + count)).toBe(keys.length);
    expect(Math.min(...runs)).toBeGreaterThan(0);
  });

  describe('a key that somebody changes while it is loaded', () => {
    const start = async () => {
      const served = await Served.start(runtime);
      const wire = await served.connect();
      const asked = Promise.all([
        ...askAll(served, 'k'),
        served.cache.fetch('k').then(value => ['js', value?.toString()]),
      ]);
      const run = await served.gate.next();
      await served.waiting(5);
      const answer = async (request: Buffer | string, reply: string) => {
        await wire.send(request);
        await wire.expect(reply);
      };
      const expected = (text: string | undefined) => [...all(text), ['js', text]];
      return { served, asked, run, answer, expected };
    };

    test.each([
      ['memcached', 'set k 0 0 7\r\nwritten\r\n', 'STORED\r\n'],
      ['RESP', command('SET', 'k', 'written'), '+OK\r\n'],
    ])('writes it by %s: what was written stands', async (_, request, reply) => {
      const { served, asked, run, answer, expected } = await start();
      await using _served = served;
      await answer(request, reply);
      run.resolve('loaded');
      expect(await asked).toEqual(expected('written'));
      expect(served.cache.getString('k')).toBe('written');
      expect(served.gate.begun).toHaveLength(1);
    });

    test('writes it, and the run fails: what was written stands', async () => {
      const { served, asked, run, answer, expected } = await start();
      await using _served = served;
      await answer(command('SET', 'k', 'written'), '+OK\r\n');
      run.reject(new Error('no'));
      expect(await asked).toEqual(expected('written'));
    });

    test.each([
      ['delete', 'delete k\r\n', 'NOT_FOUND\r\n'],
      ['md', 'md k\r\n', 'NF\r\n'],
      ['DEL', command('DEL', 'k'), ':0\r\n'],
      ['flush_all', 'flush_all\r\n', 'OK\r\n'],
      ['FLUSHALL', command('FLUSHALL'), '+OK\r\n'],
    ])('removes it by %s: it is loaded anew', async (_, request, reply) => {
      const { served, asked, run, answer, expected } = await start();
      await using _served = served;
      await answer(request, reply);
      run.resolve('of before');
      (await served.gate.next()).resolve('of after');
      expect(await asked).toEqual(expected('of after'));
      expect(served.cache.getString('k')).toBe('of after');
    });

    test('removes it by a call: it is loaded anew', async () => {
      const { served, asked, run, expected } = await start();
      await using _served = served;
      served.cache.delete('k');
      run.resolve('of before');
      (await served.gate.next()).resolve('of after');
      expect(await asked).toEqual(expected('of after'));
    });

    test('removes it again and again: nobody waits for ever, and nothing old is stored', async () => {
      const { served, asked, run, answer, expected } = await start();
      await using _served = served;
      await answer('delete k\r\n', 'NOT_FOUND\r\n');
      run.resolve('first');
      const second = await served.gate.next();
      await answer('delete k\r\n', 'NOT_FOUND\r\n');
      second.resolve('second');
      const [...texts] = new Set((await asked).map(([, text]) => text));
      // Clients read it anew, and it is not there; a call is given what was loaded.
      expect(texts.sort()).toEqual(['second', undefined]);
      expect(expected('second').at(-1)).toEqual((await asked).at(-1));
      expect(served.cache.get('k')).toBeUndefined();
    });
  });

  test('counters tell of it, in loader.stats, cache.stats, /metrics, stats and INFO', async () => {
    await using served = await Served.start(runtime, { negativeTtl: LONG_MS }, { http: '127.0.0.1:0' });
    const { cache, gate, loader, server } = served;
    const asked = Promise.all(askAll(served, 'k'));
    await served.waiting(4);
    (await gate.next()).resolve('v');
    await asked;
    const none = Promise.all(askAll(served, 'k-none'));
    await served.waiting(4);
    (await gate.next()).resolve();
    expect(await none).toEqual(all(undefined));
    expect(await Promise.all(askAll(served, 'k-none'))).toEqual(all(undefined));
    const failed = Promise.all(askAll(served, 'k-bad'));
    (await gate.next()).reject(new Error('a'));
    await served.waiting(4);
    (await gate.next()).reject(new Error('b'));
    expect(await failed).toEqual(all('load failed: b'));
    const last = Promise.all(askAll(served, 'k-last'));
    const run = await gate.next();
    await served.waiting(4);

    const now = { running: 1, queued: 0, waiting: 4 };
    const common = { runs: 5, loaded: 1, absent: 1, coalesced: 12, staleServed: 0, ...now };
    expect(loader.stats()).toEqual({ ...common, failed: 1 });
    const { loads } = cache.stats();
    expect(loads).toMatchObject({ ...common, loaders: 1, handedOver: 1, repeated: 0, late: 0, negativeHits: 4 });
    expect(loads).toMatchObject({ superseded: 0, gone: 0, remembered: 1 });
    expect(loads.failed).toMatchObject({ rejected: 1, timeout: 0 });
    const metrics = await readMetrics(`http://${server.httpAddress}`);
    const figures: [string, number, Record<string, string>?][] = [
      ['ringstone_loaders', 1],
      ['ringstone_load_runs_total', 5],
      ['ringstone_loads_total', 1, { result: 'loaded' }],
      ['ringstone_loads_total', 1, { result: 'absent' }],
      ['ringstone_loads_total', 1, { result: 'failed' }],
      ['ringstone_load_failures_total', 1, { reason: 'rejected' }],
      ['ringstone_load_handovers_total', 1],
      ['ringstone_loads_coalesced_total', 12],
      ['ringstone_load_negative_hits_total', 4],
      ['ringstone_loads_running', 1],
      ['ringstone_loads_waiting', 4],
      ['ringstone_load_remembered_keys', 1],
    ];
    expect(figures.map(([name, , labels]) => [name, metrics.sum(name, labels)])).toEqual(
      figures.map(([name, value]) => [name, value]),
    );
    const wire = await served.connect();
    await wire.send('stats\r\n');
    const rows = new Map(
      (await wire.readThrough('END\r\n'))
        .toString()
        .split('\r\n')
        .map(row => {
          const [, name = '', value = ''] = row.split(' ');
          return [name, value] as const;
        }),
    );
    const names = ['runs', 'loaded', 'absent', 'failed', 'coalesced', 'stale_served', 'running', 'waiting'];
    expect(names.map(name => rows.get(`load_${name}`))).toEqual(['5', '1', '1', '1', '12', '0', '1', '4']);
    const resp = await served.connect();
    await resp.send(command('INFO', 'stats'));
    const info = (await resp.readThrough('loads_waiting:4\r\n')).toString();
    expect(info).toContain('loads_run:5\r\nloads_failed:1\r\nloads_coalesced:12\r\n');
    run.resolve();
    await last;
    await eventually('nobody waits', () => (loader.stats().waiting === 0 ? true : undefined));
  });
});
