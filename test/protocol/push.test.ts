/** What comes from other connections: messages, invalidations, and being closed. Four workers, so that it goes from one to another. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../harness/eventually.ts';
import { fixture } from '../harness/fixture.ts';
import { bulk, command } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import type { Wire } from '../harness/wire.ts';

const WORKERS = 4;
const SUBSCRIBERS = 12;
const MESSAGES = 500;

/** The bytes of an array or a push. */
const list = (version: 2 | 3, ...words: readonly string[]) =>
  `${version === 3 ? '>' : '*'}${words.length}\r\n${words.map(bulk).join('')}`;
const count = (version: 2 | 3, word: string, name: string, n: number) =>
  `${version === 3 ? '>' : '*'}3\r\n${bulk(word)}${bulk(name)}:${n}\r\n`;
const invalidation = (key: string) => `>2\r\n${bulk('invalidate')}*1\r\n${bulk(key)}`;

eachRuntime(runtime => {
  const { connect } = fixture({ runtime, workers: WORKERS });
  /** A connection that speaks RESP3, and its id. */
  const connect3 = async () => {
    const wire = await connect();
    await wire.send(command('HELLO', '3'));
    const hello = (await wire.readThrough('modules\r\n*0\r\n')).toString();
    return { wire, id: /\bid\r\n:(\d+)/.exec(hello)?.[1] ?? '' };
  };
  const ask = async (wire: Wire, ...words: readonly string[]) => {
    await wire.send(command(...words));
    return wire.readLine();
  };
  /** The body of a bulk or verbatim reply. */
  const askText = async (wire: Wire, ...words: readonly string[]) => {
    await wire.send(command(...words, ...[]));
    await wire.send(command('ECHO', 'end of text'));
    return (await wire.readThrough('$11\r\nend of text\r\n')).toString();
  };

  describe('messages', () => {
    test('come to all subscribers in order, from publishers on other workers', async () => {
      const subscribers = await Promise.all(
        Array.from({ length: SUBSCRIBERS }, async (_, index) => {
          const version: 2 | 3 = index % 2 ? 3 : 2;
          const wire = version === 3 ? (await connect3()).wire : await connect();
          const [word, name] = index % 3 ? ['subscribe', 'news'] : ['psubscribe', 'n?w*'];
          await wire.send(command(word, name));
          await wire.expect(count(version, word, name, 1));
          return { wire, version, pattern: word === 'psubscribe' };
        }),
      );
      const publishers = await Promise.all(Array.from({ length: 2 }, () => connect()));
      for (const [index, publisher] of publishers.entries()) {
        const requests = Array.from({ length: MESSAGES }, (_, n) => command('PUBLISH', 'news', `${index}-${n}`));
        await publisher.send(Buffer.concat(requests));
      }
      for (const publisher of publishers) await publisher.expect(`:${SUBSCRIBERS}\r\n`.repeat(MESSAGES));
      for (const { wire, version, pattern } of subscribers) {
        await wire.send(command('PING', 'end'));
        const end = version === 3 ? bulk('end') : `*2\r\n${bulk('pong')}${bulk('end')}`;
        const got = (await wire.readThrough(end)).toString();
        for (const index of publishers.keys()) {
          const numbers = [...got.matchAll(new RegExp(`\\r\\n${index}-(\\d+)\\r\\n`, 'g'))].map(([, n]) => Number(n));
          expect(numbers).toEqual(Array.from({ length: MESSAGES }, (_, n) => n));
        }
        const first = pattern ? ['pmessage', 'n?w*', 'news', '0-0'] : ['message', 'news', '0-0'];
        expect(got).toContain(list(version, ...first));
      }
      // One of both kinds gets a message for each.
      const { wire: both } = await connect3();
      await both.send(Buffer.concat([command('SUBSCRIBE', 'twice'), command('PSUBSCRIBE', 'tw*')]));
      await both.expect(count(3, 'subscribe', 'twice', 1) + count(3, 'psubscribe', 'tw*', 2));
      expect(await ask(publishers[0] as Wire, 'PUBLISH', 'twice', 'm')).toBe(':2\r\n');
      await both.expect(list(3, 'message', 'twice', 'm') + list(3, 'pmessage', 'tw*', 'twice', 'm'));
    });

    test('none comes after the confirmation that the channel was left, and nothing is left of who is gone', async () => {
      const publisher = await connect();
      const subscriber = await connect();
      let left = false;
      const flood = (async () => {
        while (!left) {
          await publisher.send(Buffer.concat(Array.from({ length: 50 }, () => command('PUBLISH', 'leave', 'x'))));
          for (let n = 0; n < 50; n += 1) await publisher.readLine();
        }
      })();
      for (let round = 0; round < 20; round += 1) {
        await subscriber.send(command('SUBSCRIBE', 'leave'));
        await subscriber.readThrough(list(2, 'message', 'leave', 'x'));
        await subscriber.send(Buffer.concat([command('UNSUBSCRIBE', 'leave'), command('ECHO', 'after')]));
        await subscriber.readThrough(count(2, 'unsubscribe', 'leave', 0));
        await subscriber.expect(bulk('after'));
      }
      left = true;
      await flood;
      await subscriber.send(Buffer.concat([command('SUBSCRIBE', 'gone'), command('PSUBSCRIBE', 'gone*')]));
      await subscriber.expect(count(2, 'subscribe', 'gone', 1) + count(2, 'psubscribe', 'gone*', 2));
      expect(await askText(publisher, 'PUBSUB', 'CHANNELS', 'gone*')).toContain(`*1\r\n${bulk('gone')}`);
      subscriber.close();
      await eventually('the subscriptions end with the connection', async () =>
        (await ask(publisher, 'PUBLISH', 'gone', 'x')) === ':0\r\n' ? true : undefined,
      );
      expect(await ask(publisher, 'PUBSUB', 'NUMPAT')).toBe(':0\r\n');
    });
  });

  describe('invalidations', () => {
    test('come of changes over both protocols, and when a time comes', async () => {
      const { wire: tracker } = await connect3();
      const memcached = await connect();
      const resp = await connect();
      expect(await ask(tracker, 'CLIENT', 'TRACKING', 'ON')).toBe('+OK\r\n');
      for (let round = 0; round < 10; round += 1) {
        await tracker.send(command('GET', 'tracked'));
        await tracker.readThrough(/* null or a value */ round === 0 ? '_\r\n' : '1\r\n1\r\n');
        await memcached.send('set tracked 0 0 1\r\n1\r\n');
        await memcached.expect('STORED\r\n');
        await tracker.expect(invalidation('tracked'));
      }
      expect(await ask(resp, 'SET', 'short', 'v', 'PX', '200')).toBe('+OK\r\n');
      await tracker.send(command('GET', 'short'));
      await tracker.expect(bulk('v') + invalidation('short'));
      expect(await ask(resp, 'FLUSHALL')).toBe('+OK\r\n');
      await tracker.expect(`>2\r\n${bulk('invalidate')}_\r\n`);
      expect(await ask(resp, 'SET', 'late', 'v')).toBe('+OK\r\n');
      await tracker.send(command('GET', 'late'));
      await tracker.expect(bulk('v'));
      await memcached.send('flush_all 1\r\n');
      await memcached.expect('OK\r\n');
      await tracker.readThrough(`>2\r\n${bulk('invalidate')}_\r\n`);
      await tracker.send(command('GET', 'late'));
      await tracker.expect('_\r\n');
    });

    test('go to another connection of RESP2, which is told by messages, and its end is told', async () => {
      const target = await connect();
      const { wire: tracker } = await connect3();
      const writer = await connect();
      const id = (await ask(target, 'CLIENT', 'ID')).slice(1).trim();
      await target.send(command('SUBSCRIBE', '__redis__:invalidate'));
      await target.expect(count(2, 'subscribe', '__redis__:invalidate', 1));
      expect(await ask(tracker, 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)).toBe('+OK\r\n');
      expect(await ask(tracker, 'CLIENT', 'GETREDIR')).toBe(`:${id}\r\n`);
      await tracker.send(command('GET', 'redirected'));
      await tracker.expect('_\r\n');
      expect(await ask(writer, 'SET', 'redirected', '1')).toBe('+OK\r\n');
      await target.expect(`*3\r\n${bulk('message')}${bulk('__redis__:invalidate')}*1\r\n${bulk('redirected')}`);
      expect(await ask(writer, 'FLUSHALL')).toBe('+OK\r\n');
      await target.expect(`*3\r\n${bulk('message')}${bulk('__redis__:invalidate')}$-1\r\n`);
      target.close();
      await eventually('the target has gone', async () =>
        (await askText(writer, 'CLIENT', 'LIST', 'ID', id)).includes(`id=${id}`) ? undefined : true,
      );
      await tracker.send(command('GET', 'redirected'));
      await tracker.expect('_\r\n');
      expect(await ask(writer, 'SET', 'redirected', '2')).toBe('+OK\r\n');
      await tracker.expect(`>2\r\n${bulk('tracking-redir-broken')}:${id}\r\n`);
      await tracker.send(command('CLIENT', 'TRACKINGINFO'));
      expect((await tracker.readThrough('prefixes\r\n*0\r\n')).toString()).toContain('broken_redirect');
    });
  });

  describe('the list of connections', () => {
    test('has those of memcached, with what they did last, and they can be closed', async () => {
      const memcached = await connect();
      await memcached.send('get absent\r\n');
      await memcached.expect('END\r\n');
      const { wire, id } = await connect3();
      const text = await askText(wire, 'CLIENT', 'LIST');
      const line = /^.*protocol=memcached$/m.exec(text)?.[0] ?? '';
      expect(line).toMatch(
        /^(txt:)?id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ name= .* cmd=get user=default redir=-1/,
      );
      expect(text).toMatch(new RegExp(`^id=${id} .* cmd=client\\|list .* resp=3`, 'm'));
      const [, address = ''] = /addr=([^ ]+)/.exec(line) ?? [];
      expect(await ask(wire, 'CLIENT', 'KILL', address)).toBe('+OK\r\n');
      expect(await memcached.readToEnd()).toEqual(Buffer.alloc(0));
      await eventually('it is gone from the list', async () =>
        (await askText(wire, 'CLIENT', 'LIST')).includes(address) ? undefined : true,
      );
      const subscriber = await connect();
      await subscriber.send(command('SUBSCRIBE', 'c'));
      await subscriber.expect(count(2, 'subscribe', 'c', 1));
      expect(await askText(wire, 'CLIENT', 'LIST', 'TYPE', 'pubsub')).toMatch(/flags=P db=0 sub=1 psub=0 /);
      expect(await ask(wire, 'CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(':1\r\n');
      expect(await subscriber.readToEnd()).toEqual(Buffer.alloc(0));
    });

    test('a subscriber that does not read is closed, also one that is killed', async () => {
      const subscriber = await connect();
      await subscriber.send(command('SUBSCRIBE', 'big'));
      await subscriber.expect(count(2, 'subscribe', 'big', 1));
      subscriber.stopReading();
      const publisher = await connect();
      const message = 'm'.repeat(1024 * 1024);
      await eventually('it is closed at the bound', async () =>
        (await ask(publisher, 'PUBLISH', 'big', message)) === ':0\r\n' ? true : undefined,
      );
      const stuck = await connect();
      expect(await ask(publisher, 'SET', 'large', message)).toBe('+OK\r\n');
      const id = (await ask(stuck, 'CLIENT', 'ID')).slice(1).trim();
      stuck.stopReading();
      await stuck.send(Buffer.concat(Array.from({ length: 100 }, () => command('GET', 'large'))));
      await eventually('its replies are queued', async () =>
        /cmd=get/.test(await askText(publisher, 'CLIENT', 'LIST', 'ID', id)) ? true : undefined,
      );
      expect(await ask(publisher, 'CLIENT', 'KILL', 'ID', id)).toBe(':1\r\n');
      await eventually('it is gone', async () =>
        (await askText(publisher, 'CLIENT', 'LIST', 'ID', id)).includes('id=') ? undefined : true,
      );
    });
  });
});
