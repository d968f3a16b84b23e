/** prometheus' exporter for Redis, as its package starts it, against a server on each runtime. */
import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Child } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { fixture } from '../harness/fixture.ts';
import { freePort } from '../harness/oracles.ts';
import { missingProgram } from '../harness/programs.ts';
import { describeWith } from '../harness/requirement.ts';
import { eachRuntime } from '../harness/runtimes.ts';

const PROGRAM = 'prometheus-redis-exporter';

eachRuntime(runtime => {
  const { server } = fixture({ runtime, more: ['--max-memory', '64mb'] });

  describeWith(missingProgram(PROGRAM, `apt-get install ${PROGRAM}`), PROGRAM, () => {
    test('what it shows is what was done', async () => {
      const client = new Redis({ port: server().port });
      await client.mset({ a: 1, b: 2, c: 3 });
      await client.expire('a', 100);
      await client.hset('h', 'f', 1);
      await client.mget('a', 'b', 'absent');
      await expect(client.incr('h')).rejects.toThrow(/^WRONGTYPE/);
      const address = `127.0.0.1:${await freePort()}`;
      const target = `redis://127.0.0.1:${server().port}`;
      const child = new Child(PROGRAM, ['-redis.addr', target, '-web.listen-address', address]);
      const text = await eventually('a scrape', async () => {
        if (!child.alive) throw new Error(child.stderr);
        const response = await fetch(`http://${address}/metrics`).catch(() => undefined);
        return response?.text();
      });
      await child.kill();
      client.disconnect();
      const value = (name: string) => {
        const line = text.split('\n').find(each => each.startsWith(`${name} `));
        return line === undefined ? undefined : Number(line.slice(name.length + 1));
      };
      const expected = {
        redis_up: 1,
        'redis_exporter_last_scrape_error{err=""}': 0,
        'redis_db_keys{db="db0"}': 4,
        'redis_db_keys_expiring{db="db0"}': 1,
        redis_memory_max_bytes: 64 * 1024 * 1024,
        redis_keyspace_hits_total: 2,
        redis_keyspace_misses_total: 1,
        redis_blocked_clients: 0,
        redis_evicted_keys_total: 0,
        redis_rejected_connections_total: 0,
        'redis_commands_total{cmd="mget"}': 1,
        'redis_commands_total{cmd="hset"}': 1,
      };
      expect(Object.fromEntries(Object.keys(expected).map(name => [name, value(name)]))).toEqual(expected);
      expect(value('redis_connected_clients')).toBeGreaterThanOrEqual(1);
      expect(value('redis_uptime_in_seconds')).toBeGreaterThanOrEqual(0);
      expect(value('redis_memory_used_bytes')).toBeGreaterThan(0);
      expect(text).toMatch(/^redis_instance_info\{.*redis_version="7\.2\.4".*role="master".*\} 1$/m);
    });
  });
});
