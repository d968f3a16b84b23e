/** Loaders in several threads: who takes over when a thread is held up, ends, or lets go; and what others do to a key meanwhile. */
import { describe, expect, test } from '@jest/globals';
import { DIALECTS } from '../harness/dialects.ts';
import { eventually } from '../harness/eventually.ts';
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

  test('counters tell of it in loader.stats, stats and /metrics', async () => {
    await using served = await Served.start(runtime, { negativeTtl: LONG_MS });
    const asked = Promise.all(askAll(served, 'k'));
    await served.waiting(4);
    (await served.gate.next()).resolve('v');
    await asked;
    const none = Promise.all(askAll(served, 'k none'.replace(' ', '-')));
    await served.waiting(4);
    (await served.gate.next()).resolve();
    await none;
    expect(served.loader.stats()).toMatchObject({ runs: 2, loaded: 1, absent: 1, failed: 0, coalesced: 6 });
    await eventually('nobody waits', () => (served.loader.stats().waiting === 0 ? true : undefined));
  });
});
