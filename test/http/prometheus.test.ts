import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderText } from '../../ts/stats/text.ts';
import { describeWith } from '../harness/requirement.ts';
import { command } from '../harness/resp.ts';
import { type RingstoneServer, startRingstone } from '../harness/ringstone.ts';
import { FAMILIES } from './families.ts';
import { missingParser, type ParsedFamily, parseExposition } from './prometheus.ts';

const FORMATS = ['prometheus', 'openmetrics'] as const;

/** Names, types and samples, as both formats must tell them: OpenMetrics names counters without their suffix. */
function comparable(families: Record<string, ParsedFamily>): unknown[] {
  return Object.entries(families).map(([name, { type, samples }]) => [
    name.replace(/_total$/, ''),
    type,
    samples.length,
  ]);
}

describeWith(missingParser(), "Prometheus' own parser", () => {
  test.each(FORMATS)('%s: escapes and special numbers', format => {
    const families = parseExposition(format, renderText(FAMILIES, format));
    expect(families['ringstone_commands']?.samples).toEqual([
      ['ringstone_commands_total', { protocol: 'resp' }, 3],
      ['ringstone_commands_total', { protocol: 'a"b\\c\nd' }, 2 ** 53 - 1],
    ]);
    expect(families['ringstone_commands']?.help).toBe('Commands "executed"\nby kind \\ name.');
    expect(families['ringstone_wait_seconds']?.samples).toHaveLength(5);
  });

  describe('of a server that served both protocols', () => {
    let server: RingstoneServer;
    const read = async (accept: string) => (await fetch(`${server.http}/metrics`, { headers: { accept } })).text();

    beforeAll(async () => {
      server = await startRingstone();
      const wire = await server.connect();
      wire.send('set a 0 0 1\r\nx\r\nget a\r\nget b\r\n');
      await wire.expect('STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\nEND\r\n');
      const other = await server.connect();
      other.send(command('GET', 'a'));
      await other.expect('$1\r\nx\r\n');
      wire.close();
      other.close();
    });
    afterAll(() => server.stop());

    test('reads both formats and finds the same in them', async () => {
      const [plain, open] = [await read('text/plain'), await read('application/openmetrics-text')];
      const families = parseExposition('prometheus', plain);
      expect(comparable(parseExposition('openmetrics', open))).toEqual(comparable(families));
      expect(families['ringstone_commands']?.samples).toEqual(
        expect.arrayContaining([
          ['ringstone_commands_total', { protocol: 'memcached', command: 'get' }, 2],
          ['ringstone_commands_total', { protocol: 'resp', command: 'get' }, 1],
        ]),
      );
      for (const [name, { help }] of Object.entries(families)) {
        expect(name).toMatch(/^ringstone_/);
        expect(help).not.toBe('');
      }
    });

    test('/stats has the same families', async () => {
      const { metrics } = (await (await fetch(`${server.http}/stats`)).json()) as { metrics: object };
      const declared = [...(await read('text/plain')).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
      expect(Object.keys(metrics)).toEqual(declared);
    });

    test('docs/metrics.md lists exactly these families, with their kinds', async () => {
      const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
      const documented = [...page.matchAll(/^\| `(ringstone_\w+)` \| (\w+) \|/gm)].map(
        ([, name, kind]) => `${name} ${kind}`,
      );
      const served = [...(await read('text/plain')).matchAll(/^# TYPE (\S+) (\S+)/gm)].map(
        ([, name, kind]) => `${name} ${kind}`,
      );
      expect(documented.sort()).toEqual(served.sort());
    });
  });
});
