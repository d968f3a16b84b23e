/**
 * What redis_exporter (github.com/oliver006/redis_exporter) asks and reads, as its exporter/{exporter,info,latency,slowlog}.go
 * say. The program itself is no Go module that the proxy would give, so its requests are sent by hand, and its rules for lines
 * applied to the answers.
 */
import { describe, expect, test } from '@jest/globals';
import { fixture } from '../harness/fixture.ts';
import { command } from '../harness/resp.ts';
import type { Wire } from '../harness/wire.ts';

/** Keys of its metricMapGauges and metricMapCounters that mean something here. */
const NUMBERS = [
  'uptime_in_seconds process_id connected_clients blocked_clients used_memory used_memory_rss used_memory_overhead',
  'used_memory_dataset maxmemory mem_fragmentation_ratio mem_clients_normal loading rdb_bgsave_in_progress aof_enabled',
  'aof_rewrite_in_progress aof_rewrite_scheduled pubsub_channels pubsub_patterns connected_slaves repl_backlog_active',
  'total_connections_received total_commands_processed rejected_connections total_net_input_bytes total_net_output_bytes',
  'expired_keys evicted_keys keyspace_hits keyspace_misses used_cpu_sys used_cpu_user',
].flatMap(line => line.split(' '));
/** Labels of its instance_info. */
const LABELS = ['role', 'redis_version', 'redis_mode', 'os', 'maxmemory_policy', 'tcp_port', 'run_id', 'process_id'];
const END = '$3\r\nend\r\n';

async function ask(wire: Wire, ...words: readonly string[]): Promise<string> {
  await wire.send(Buffer.concat([command(...words), command('ECHO', 'end')]));
  return (await wire.readThrough(END)).toString('latin1').slice(0, -END.length);
}

/** Lines `name:value` of INFO, as its extractInfoMetrics splits them. */
function fields(info: string): Map<string, string> {
  const lines = info.split('\n').map(line => line.trim());
  return new Map(
    lines.filter(line => line.includes(':')).map(line => line.split(/:(.*)/s).slice(0, 2) as [string, string]),
  );
}

describe('what redis_exporter reads', () => {
  const { connect } = fixture({});

  test('every request of a scrape is answered, and the figures are right', async () => {
    const wire = await connect();
    for (let key = 0; key < 7; key++) await ask(wire, 'SET', `exported${key}`, 'x', ...(key < 3 ? ['EX', '100'] : []));
    for (const key of ['exported0', 'exported1', 'missing']) await ask(wire, 'GET', key);
    expect(await ask(wire, 'CLIENT', 'SETNAME', 'redis_exporter')).toBe('+OK\r\n');
    const config = await ask(wire, 'CONFIG', 'GET', '*');
    expect(config).toMatch(/\$9\r\ndatabases\r\n\$1\r\n1\r\n/);
    expect(config).toMatch(/\$9\r\nmaxmemory\r\n\$\d+\r\n\d+\r\n/);
    expect(config).toMatch(/\$10\r\nmaxclients\r\n\$\d+\r\n\d+\r\n/);

    const info = await ask(wire, 'INFO', 'ALL');
    const found = fields(info);
    const numbers = NUMBERS.map(name => [name, Number(found.get(name) ?? 'missing')]);
    expect(numbers.filter(([, value]) => Number.isNaN(value))).toEqual([]);
    expect(LABELS.filter(name => !found.get(name))).toEqual([]);
    expect(found.get('role')).toBe('master');
    expect(found.get('run_id')).toMatch(/^[0-9a-f]{40}$/);
    expect(found.get('db0')).toBe('keys=7,expires=3');
    expect([found.get('keyspace_hits'), found.get('keyspace_misses')]).toEqual(['2', '1']);
    expect(found.get('cmdstat_set')).toMatch(/^calls=7,usec=\d+,usec_per_call=\d+\.\d+$/);
    expect(found.get('latency_percentiles_usec_set')).toMatch(/^p50=\d+\.\d+,p99=\d+\.\d+,p99\.9=\d+\.\d+$/);
    expect(found.get('cluster_enabled')).toBe('0');

    expect(await ask(wire, 'LATENCY', 'LATEST')).toMatch(/^\*\d+\r\n/);
    expect(await ask(wire, 'LATENCY', 'HISTOGRAM')).toMatch(
      /^\*\d+\r\n\$\d+\r\n[a-z]+\r\n\*4\r\n\$5\r\ncalls\r\n:\d+\r\n/,
    );
    expect(await ask(wire, 'SLOWLOG', 'LEN')).toMatch(/^:\d+\r\n$/);
    expect(await ask(wire, 'SLOWLOG', 'GET', '1')).toMatch(/^\*[01]\r\n/);
    expect(await ask(wire, 'CLIENT', 'LIST')).toMatch(/name=redis_exporter/);
    expect(await ask(wire, 'MEMORY', 'USAGE', 'exported0')).toMatch(/^:\d+\r\n$/);
  });
});
