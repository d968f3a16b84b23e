import { describe, expect, test } from '@jest/globals';
import { metricsAsJson } from '../../ts/stats/json.ts';
import { negotiateFormat, renderText } from '../../ts/stats/text.ts';
import { FAMILIES } from './families.ts';

test('Prometheus text 0.0.4', () => {
  expect(renderText(FAMILIES, 'prometheus')).toBe(
    `# HELP ringstone_commands_total Commands "executed"\\nby kind \\\\ name.
# TYPE ringstone_commands_total counter
ringstone_commands_total{protocol="resp"} 3
ringstone_commands_total{protocol="a\\"b\\\\c\\nd"} 9007199254740991
# HELP ringstone_items Items.
# TYPE ringstone_items gauge
ringstone_items NaN
# HELP ringstone_wait_seconds Waits.
# TYPE ringstone_wait_seconds histogram
ringstone_wait_seconds_bucket{of="x",le="0.000001"} 1
ringstone_wait_seconds_bucket{of="x",le="1"} 4
ringstone_wait_seconds_bucket{of="x",le="+Inf"} 6
ringstone_wait_seconds_sum{of="x"} 1.5
ringstone_wait_seconds_count{of="x"} 6
# HELP ringstone_errors_total None yet.
# TYPE ringstone_errors_total counter
`,
  );
});

test('OpenMetrics 1.0', () => {
  expect(renderText(FAMILIES, 'openmetrics')).toBe(
    `# HELP ringstone_commands Commands \\"executed\\"\\nby kind \\\\ name.
# TYPE ringstone_commands counter
ringstone_commands_total{protocol="resp"} 3
ringstone_commands_total{protocol="a\\"b\\\\c\\nd"} 9007199254740991
# HELP ringstone_items Items.
# TYPE ringstone_items gauge
ringstone_items NaN
# HELP ringstone_wait_seconds Waits.
# TYPE ringstone_wait_seconds histogram
ringstone_wait_seconds_bucket{of="x",le="0.000001"} 1
ringstone_wait_seconds_bucket{of="x",le="1.0"} 4
ringstone_wait_seconds_bucket{of="x",le="+Inf"} 6
ringstone_wait_seconds_sum{of="x"} 1.5
ringstone_wait_seconds_count{of="x"} 6
# HELP ringstone_errors None yet.
# TYPE ringstone_errors counter
# EOF
`,
  );
});

test('JSON', () => {
  expect(metricsAsJson(FAMILIES)).toEqual({
    ringstone_commands_total: [
      { labels: { protocol: 'resp' }, value: 3 },
      { labels: { protocol: 'a"b\\c\nd' }, value: 2 ** 53 - 1 },
    ],
    ringstone_items: Number.NaN,
    ringstone_wait_seconds: [
      {
        labels: { of: 'x' },
        value: {
          sum: 1.5,
          count: 6,
          buckets: [
            { le: 0.000001, count: 1 },
            { le: 1, count: 4 },
            { le: '+Inf', count: 6 },
          ],
        },
      },
    ],
    ringstone_errors_total: [],
  });
});

describe('negotiation', () => {
  const prometheus3 =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
  test.each([
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html', 'prometheus'],
    ['text/plain', 'prometheus'],
    [prometheus3, 'openmetrics'],
    ['application/openmetrics-text', 'openmetrics'],
    ['Application/OpenMetrics-Text; version=1.0.0', 'openmetrics'],
    ['text/plain, application/openmetrics-text;q=0.5', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=x, */*;q=0.1', 'prometheus'],
  ])('%s', (accept, format) => {
    expect(negotiateFormat(accept)).toBe(format);
  });
});
