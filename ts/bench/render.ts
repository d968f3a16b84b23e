import { formatAddress } from '../config/address.ts';
import { helpEntry, optionOf } from '../config/render.ts';
import { formatSize } from '../config/size.ts';
import type { LoadLatency, LoadProgress, LoadReport } from '../native.ts';
import { BENCH_OPTIONS, type Bench } from './arguments.ts';

const count = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 0 });
const plural = (value: number, noun: string) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** What `ringstone bench --help` prints. */
export function renderBenchHelp(version: string): string {
  const options = BENCH_OPTIONS.map(option =>
    helpEntry(optionOf(option) ?? '', `${option.help}. Default ${option.fallback}`),
  );
  return `ringstone ${version} - a cache server for memcached and Redis clients

Usage: ringstone bench [options] ADDRESS

Loads the server at ADDRESS (host:port, [v6]:port or unix:/path), checks every reply, and prints throughput, latencies and
whatever went wrong. Ctrl-C ends it with the results so far.

Options:
${options.join('\n')}
${helpEntry('-h, --help', 'Print this')}

Sizes: 100, 16kb, 8MiB (powers of 1024). Durations: 60 (seconds), 500ms, 10s, 5m, 2h, 7d.
Exit codes: 0, 1 something went wrong (an error reply, a lost connection, no connection), 2 wrong usage.
`;
}

const PHASES: Readonly<Record<LoadProgress['phase'], string>> = {
  preload: 'preloading',
  warmup: 'warming up',
  measure: 'measuring',
};

/** A line of progress. */
export function renderProgress(progress: LoadProgress): string {
  const { phase, elapsed, replies, repliesPerSecond, failed, openConnections } = progress;
  const errors = failed === 0 ? '' : `, ${plural(failed, 'error')}`;
  const rate = `${count(repliesPerSecond)}/s`;
  return `${PHASES[phase]} ${elapsed.toFixed(1)} s: ${rate}, ${count(replies)} replies, ${plural(openConnections, 'connection')}${errors}\n`;
}

/** The load in one line. */
function headline({ target, options }: Bench): string {
  const { connections, pipeline, ratio, value_size: size, keys, keys_per_get: each, zipf, rate, protocol } = options;
  const sizes = size.min === size.max ? formatSize(size.min) : `${formatSize(size.min)} to ${formatSize(size.max)}`;
  return [
    `${protocol} at ${formatAddress(target)}`,
    plural(connections, 'connection'),
    `pipeline ${pipeline}`,
    `${ratio.gets}:${ratio.sets} get:set`,
    ...(each === 1 ? [] : [`gets of ${each} keys`]),
    `values of ${sizes}`,
    `${plural(keys, 'key')} ${zipf === 0 ? 'uniform' : `Zipf ${zipf}`}`,
    rate === 0 ? 'closed loop' : `${count(rate)}/s`,
  ].join(', ');
}

const COLUMNS = ['mean', 'p50', 'p90', 'p99', 'p999', 'p9999', 'max'] as const satisfies readonly (keyof LoadLatency)[];
const TITLES: Readonly<Record<string, string>> = { p999: 'p99.9', p9999: 'p99.99' };
const CELL = 11;
const MICROSECONDS = 1e6;

function latencyTable(report: LoadReport): string[] {
  const title = COLUMNS.map(column => (TITLES[column] ?? column).padStart(CELL)).join('');
  const row = (name: string, latency: LoadLatency) =>
    `  ${name.padEnd(5)}${COLUMNS.map(column => latency[column].toFixed(1).padStart(CELL)).join('')}`;
  return [
    `latency, us${title.slice(4)}`,
    row('all', report.latency),
    ...(report.getLatency.count === 0 ? [] : [row('get', report.getLatency)]),
    ...(report.setLatency.count === 0 ? [] : [row('set', report.setLatency)]),
    ...(report.loadLatency === undefined ? [] : [row('load', report.loadLatency)]),
    ...(report.restLatency === undefined ? [] : [row('rest', report.restLatency)]),
  ];
}

/** Keys that were answered: a get of several keys counts as often. */
const answeredKeys = ({ hits, misses, stored, notStored }: LoadReport) => hits + misses + stored + notStored;

/** What the server's process did meanwhile, where it was asked for. */
function serverLine({ options }: Bench, report: LoadReport): string[] {
  const { serverCpu: cpu, serverCpuPerReply: each, serverWait: wait, elapsed } = report;
  if (cpu === undefined || each === undefined) return [];
  const keys = answeredKeys(report);
  const perKey = options.keys_per_get === 1 || keys === 0 ? '' : ` (${(cpu / keys).toFixed(3)} us per key)`;
  const busy = cpu / MICROSECONDS / elapsed;
  const waited = wait === undefined ? '' : `, ready and waiting ${(wait / MICROSECONDS / elapsed).toFixed(3)}`;
  return [
    `server CPU  ${each.toFixed(3)} us per request${perKey}, process ${options.server_pid}`,
    `            ${busy.toFixed(2)} cores busy${waited}`,
  ];
}

/** The results as text. */
export function renderReport(bench: Bench, report: LoadReport): string {
  const { hits, misses, stored, notStored, unanswered, unsent } = report;
  const share = hits + misses === 0 ? '' : ` (${((100 * hits) / (hits + misses)).toFixed(2)} % hits)`;
  const unstored = notStored === 0 ? '' : `, ${count(notStored)} not stored`;
  const preloaded = bench.options.preload ? [`preloaded   ${plural(report.preloaded, 'key')}`] : [];
  const lost = [
    ...(unanswered === 0 ? [] : [`${count(unanswered)} unanswered`]),
    ...(unsent === 0 ? [] : [`${count(unsent)} due and not sent`]),
  ];
  return `${[
    headline(bench),
    '',
    ...preloaded,
    `requests    ${count(report.replies)} answered in ${report.elapsed.toFixed(2)} s: ${count(report.repliesPerSecond)}/s${report.interrupted ? ' (interrupted)' : ''}`,
    `            ${count(hits)} hits, ${count(misses)} misses${share}, ${count(stored)} stored${unstored}`,
    ...(lost.length === 0 ? [] : [`            ${lost.join(', ')}`]),
    ...serverLine(bench, report),
    '',
    ...latencyTable(report),
    ...(report.problems.length === 0 ? [] : ['', 'problems']),
    ...report.problems.map(problem => `  ${count(problem.count)} x ${problem.message}`),
    ...(report.preloaded + report.replies > 0 || report.problems.length === 0
      ? []
      : [`  nothing was answered: is it a server of the ${bench.options.protocol} protocol? (--protocol)`]),
  ].join('\n')}\n`;
}

const latencyJson = ({ p999, p9999, ...rest }: LoadLatency) => ({ ...rest, 'p99.9': p999, 'p99.99': p9999 });

/** The results as JSON, units last in the names. */
export function renderJson({ target, options }: Bench, report: LoadReport): string {
  const { warmup, duration, timeout, progress: _, json: __, value_size: size, server_pid: pid, ...rest } = options;
  const value = {
    target: formatAddress(target),
    options: {
      ...rest,
      value_size_bytes: size,
      warmup_ms: warmup,
      duration_ms: duration,
      timeout_ms: timeout,
      ...(pid === 0 ? {} : { server_pid: pid }),
    },
    interrupted: report.interrupted,
    preloaded: report.preloaded,
    elapsed_s: report.elapsed,
    requests: report.requests,
    replies: report.replies,
    replies_per_s: report.repliesPerSecond,
    hits: report.hits,
    misses: report.misses,
    stored: report.stored,
    not_stored: report.notStored,
    failed: report.failed,
    unanswered: report.unanswered,
    unsent: report.unsent,
    sent_bytes: report.bytesSent,
    received_bytes: report.bytesReceived,
    latency_us: {
      all: latencyJson(report.latency),
      get: latencyJson(report.getLatency),
      set: latencyJson(report.setLatency),
      ...(report.loadLatency === undefined ? {} : { load: latencyJson(report.loadLatency) }),
      ...(report.restLatency === undefined ? {} : { rest: latencyJson(report.restLatency) }),
    },
    ...(report.serverCpu === undefined ? {} : { server_cpu_us: report.serverCpu }),
    ...(report.serverWait === undefined ? {} : { server_wait_us: report.serverWait }),
    ...(report.serverCpuPerReply === undefined ? {} : { server_cpu_us_per_request: report.serverCpuPerReply }),
    problems: report.problems,
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
