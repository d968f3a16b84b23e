/** What memcached's commands for who runs the server do, on each runtime. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { killLeftovers } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { fixture } from '../harness/fixture.ts';
import { command } from '../harness/resp.ts';
import { startRingstone } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import type { Wire } from '../harness/wire.ts';

const MIB = 1024 * 1024;
const MANY = 100_000;

/** Lines of a watcher without the time and the number. */
const told = async (wire: Wire, count: number) => {
  const lines: string[] = [];
  while (lines.length < count)
    lines.push(
      (await wire.readThrough('\n'))
        .toString()
        .trim()
        .replace(/^ts=\d+\.\d{6} gid=\d+ /, ''),
    );
  return lines;
};

async function watcher(wire: Wire, streams: string): Promise<Wire> {
  await wire.send(`watch ${streams}\r\n`);
  await wire.expect('OK\r\n');
  return wire;
}

eachRuntime(runtime => {
  describe('with several workers', () => {
    const { server, connect } = fixture({ runtime, workers: 3, more: ['--max-memory', '64mb'] });

    /** The serial number of a connection of RESP. */
    const serial = async (wire: Wire) => {
      await wire.send(command('CLIENT', 'ID'));
      return (await wire.readLine()).trim().slice(1);
    };

    test('watch tells of what other connections do, on any worker and by any protocol', async () => {
      const wire = await watcher(await connect(), 'fetchers mutations deletions');
      for (let round = 0; round < 4; round += 1) {
        const client = await connect();
        await client.send(`set w:${round} 1 0 3\r\nabc\r\nget w:${round} none\r\ndelete w:${round}\r\n`);
        await client.readThrough('DELETED\r\n');
        const lines = await told(wire, 4);
        const [, cfd] = /cfd=(\d+)/.exec(lines[0] ?? '') ?? [];
        expect(lines).toEqual([
          `type=item_store key=w%3A${round} status=stored cmd=set ttl=0 clsid=1 cfd=${cfd} size=3`,
          `type=item_get key=w%3A${round} status=found clsid=1 cfd=${cfd} size=3`,
          `type=item_get key=none status=not_found clsid=0 cfd=${cfd} size=0`,
          `type=deleted key=w%3A${round} cmd=delete clsid=1 size=3`,
        ]);
        const resp = await connect();
        const id = await serial(resp);
        await resp.send(command('SET', 'r', 'value', 'EX', '100'));
        await resp.expect('+OK\r\n');
        expect(await told(wire, 1)).toEqual([
          `type=item_store key=r status=stored cmd=set ttl=100 clsid=1 cfd=${id} size=5`,
        ]);
      }
    });

    test('watch tells of connections', async () => {
      const wire = await watcher(await connect(), 'connevents');
      const client = await connect();
      const id = await serial(client);
      client.close();
      const lines: string[] = [];
      // Connections of earlier tests may end only now.
      while (lines.length < 2) {
        lines.push(...(await told(wire, 1)).filter(line => line.endsWith(` cfd=${id}`)));
      }
      const [opened, closed] = lines;
      const [, port] = /rport=(\d+)/.exec(opened ?? '') ?? [];
      expect(opened).toBe(`type=conn_new rip=127.0.0.1 rport=${port} transport=tcp cfd=${id}`);
      expect(closed).toBe(`type=conn_close rip=127.0.0.1 rport=${port} transport=tcp reason=normal cfd=${id}`);
    });

    test('a watcher that does not read holds up nobody, costs little, and is told how much it missed', async () => {
      const wire = await connect();
      await watcher(wire, 'fetchers');
      wire.stopReading();
      const before = server().rss;
      const client = await connect();
      const gets = Buffer.from('get a-key-that-is-not-there\r\n'.repeat(MANY / 100));
      const misses = 'END\r\n'.repeat(MANY / 100);
      for (let round = 0; round < 5 * 100; round += 1) {
        await client.send(gets);
        await client.expect(misses);
      }
      // 500,000 lines of some hundred bytes are 50 MiB; what may wait for the watcher is a small part.
      expect(server().rss - before).toBeLessThan(25 * MIB);
      wire.goOnReading();
      // What it missed is told with the next line that there is room for.
      let ends = 0;
      let isTold = false;
      const reading = wire.readThrough('key=the-end').finally(() => {
        isTold = true;
      });
      while (!isTold) {
        ends += 1;
        await client.send('get the-end\r\n');
        await client.expect('END\r\n');
      }
      const told = (await reading).toString().split('\n');
      const missed = told
        .filter(line => line.startsWith('skipped='))
        .map(line => Number(line.slice('skipped='.length)));
      const skipped = missed.reduce((sum, count) => sum + count, 0);
      const seen = told.filter(line => /^ts=\S+ gid=\d+ type=item_get key=a-key\S+ status=not_found/.test(line));
      expect(seen.length + missed.length + 1).toBe(told.length);
      expect(skipped).toBeGreaterThan(MANY);
      expect(seen.length + skipped).toBeGreaterThanOrEqual(5 * MANY);
      expect(seen.length + skipped).toBeLessThan(5 * MANY + ends);
      expect(server().events('WORKER_FAILED')).toEqual([]);
    });

    test('there may be 20 watchers, and again when one goes', async () => {
      const wires: Wire[] = [];
      for (let index = 0; index < 20; index += 1) wires.push(await watcher(await connect(), 'evictions'));
      const one = await connect();
      await one.send('watch\r\n');
      await one.expect('WATCHER_TOO_MANY log watcher limit reached\r\n');
      wires[0]?.close();
      await eventually('a place for a watcher', async () => {
        await one.send('watch evictions\r\n');
        return (await one.readLine()).trim() === 'OK' ? true : undefined;
      });
    });

    test('a dump of many items to who reads slowly does not grow the server, and others are served', async () => {
      const wire = await connect();
      await wire.send('flush_all\r\n');
      await wire.expect('OK\r\n');
      const sets = Array.from({ length: MANY }, (_, n) => `set dumped:${n} 0 0 1 noreply\r\nx\r\n`).join('');
      await wire.send(`${sets}version\r\n`);
      await wire.expect('VERSION 1.6.18\r\n');
      const before = server().rss;
      const reader = await connect();
      reader.stopReading();
      await reader.send('lru_crawler metadump all\r\nversion\r\n');
      const client = await connect();
      for (let round = 0; round < 100; round += 1) {
        await client.send('get dumped:1\r\n');
        await client.expect('VALUE dumped:1 0 1\r\nx\r\nEND\r\n');
      }
      expect(server().rss - before).toBeLessThan(16 * MIB);
      reader.goOnReading();
      const dump = (await reader.readThrough('END\r\n')).toString();
      const keys = [...dump.matchAll(/^key=dumped%3A(\d+) exp=-1 la=\d+ cas=\d+ fetch=(?:yes|no) cls=1 size=\d+$/gm)];
      expect(new Set(keys.map(([, key]) => key)).size).toBe(MANY);
      expect(keys.length).toBe(MANY);
      await reader.expect('VERSION 1.6.18\r\n');
    });

    test('stats conns shows both protocols, with when they last asked', async () => {
      const [wire, resp] = [await connect(), await connect()];
      const id = await serial(resp);
      await wire.send('stats conns\r\n');
      const text = (await wire.readThrough('END\r\n')).toString();
      expect(text).toMatch(new RegExp(`STAT ${id}:addr tcp:127\\.0\\.0\\.1:\\d+\r\n`));
      expect(text).toContain(`STAT ${id}:listen_addr tcp:127.0.0.1:${server().port}\r\n`);
      expect(text).toMatch(new RegExp(`STAT ${id}:secs_since_last_cmd \\d\r\n`));
    });

    test('the names that prometheus/memcached_exporter cannot do without', async () => {
      // parseStats and parseStatsSettings of its pkg/exporter/exporter.go: what it reads without asking whether it is there.
      const general =
        'version uptime time rusage_user rusage_system bytes limit_maxbytes curr_items total_items bytes_read ' +
        'bytes_written curr_connections total_connections rejected_connections conn_yields listen_disabled_num ' +
        'evictions reclaimed store_too_large store_no_memory accepting_conns cmd_set cmd_flush cas_badval ' +
        ['get', 'delete', 'incr', 'decr', 'cas', 'touch'].map(op => `${op}_hits ${op}_misses`).join(' ');
      const slabs =
        'cmd_set cas_hits cas_badval get_hits delete_hits incr_hits decr_hits touch_hits used_chunks mem_requested';
      const names = async (group: string) => {
        const wire = await connect();
        await wire.send(`set exported 0 0 1\r\nx\r\nstats${group}\r\n`);
        const text = (await wire.readThrough('END\r\n')).toString();
        return new Map([...text.matchAll(/^STAT (\S+) (\S*)\r$/gm)].map(([, name = '', value = '']) => [name, value]));
      };
      expect([...(await names('')).keys()]).toEqual(expect.arrayContaining(general.split(' ')));
      expect((await names('')).get('rusage_user')).toMatch(/^\d+\.\d+$/);
      expect([...(await names(' settings')).keys()]).toEqual(expect.arrayContaining(['maxconns']));
      expect([...(await names(' items')).keys()]).toEqual(expect.arrayContaining(['items:1:number']));
      const classes = await names(' slabs');
      expect([...classes.keys()]).toEqual(expect.arrayContaining(slabs.split(' ').map(name => `1:${name}`)));
      expect(classes.has('total_malloced')).toBe(true);
    });

    test('verbosity changes the level of the log, and back', async () => {
      const wire = await connect();
      for (const [level, event] of [
        [2, 'VERBOSITY_2'],
        [9, undefined],
        [0, 'VERBOSITY_0'],
      ] as const) {
        const before = server().log.length;
        await wire.send(`verbosity ${level}\r\n`);
        await wire.expect('OK\r\n');
        if (event === undefined) continue;
        await eventually(event, () =>
          server()
            .log.slice(before)
            .find(line => line.event === event),
        );
      }
    });
  });

  describe('with options of its own', () => {
    afterEach(killLeftovers);

    test('evictions are told while they happen', async () => {
      const server = await startRingstone({ runtime, more: ['--max-memory', '2mb', '--max-value-size', '64kb'] });
      const wire = await watcher(await server.connect(), 'evictions');
      const client = await server.connect();
      const value = 'v'.repeat(1000);
      for (let n = 0; n < 4000; n += 1) await client.send(`set k${n} 0 0 1000 noreply\r\n${value}\r\n`);
      const [line] = await told(wire, 1);
      expect(line).toMatch(/^type=eviction key=k\d+ fetch=no ttl=-1 la=\d+ clsid=1 size=1000$/);
      await server.stop();
    });

    test('shutdown ends the server when it may', async () => {
      const server = await startRingstone({ runtime, more: ['--enable-shutdown'] });
      const wire = await server.connect();
      await wire.send('shutdown now\r\n');
      await wire.expect('CLIENT_ERROR invalid shutdown mode\r\n');
      await wire.send('shutdown graceful\r\n');
      expect((await wire.readToEnd()).length).toBe(0);
      expect(await server.child.exit()).toMatchObject({ code: 0 });
      expect(server.log.map(({ msg }) => msg)).toEqual(
        expect.arrayContaining([expect.stringContaining('asked for a shutdown'), 'shutdown: draining', 'stopped']),
      );
    });
  });
});
