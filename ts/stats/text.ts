import type { MetricFamily, MetricSample } from '../native.ts';

/** The two text formats that Prometheus reads. */
export type TextFormat = 'prometheus' | 'openmetrics';

/** What `Content-Type` says. */
export const TEXT_CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

const COUNTER_SUFFIX = '_total';

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

/** A bucket's bound; OpenMetrics wants it to look like a float. */
function formatBound(bound: number, format: TextFormat): string {
  const text = formatNumber(bound);
  return format === 'openmetrics' && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const escapeLabel = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function escapeHelp(help: string, format: TextFormat): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}

function formatLabels(labels: MetricSample['labels']): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

function histogramLines(name: string, sample: MetricSample, format: TextFormat): string[] {
  const buckets = sample.counts.map((count, index) => {
    const bound = formatBound(sample.bounds[index] ?? Number.POSITIVE_INFINITY, format);
    return `${name}_bucket${formatLabels([...sample.labels, ['le', bound]])} ${formatNumber(count)}`;
  });
  const labels = formatLabels(sample.labels);
  const count = formatNumber(sample.counts.at(-1) ?? 0);
  return [...buckets, `${name}_sum${labels} ${formatNumber(sample.value)}`, `${name}_count${labels} ${count}`];
}

function familyLines(family: MetricFamily, format: TextFormat): string[] {
  const { name, kind } = family;
  // OpenMetrics names a counter without the suffix that its samples have.
  const short = format === 'openmetrics' && kind === 'counter' ? name.slice(0, -COUNTER_SUFFIX.length) : name;
  const head = [`# HELP ${short} ${escapeHelp(family.help, format)}`, `# TYPE ${short} ${kind}`];
  const lines = family.samples.flatMap(sample =>
    kind === 'histogram'
      ? histogramLines(name, sample, format)
      : [`${name}${formatLabels(sample.labels)} ${formatNumber(sample.value)}`],
  );
  return [...head, ...lines];
}

/** Families as text in one of the formats. */
export function renderText(families: readonly MetricFamily[], format: TextFormat): string {
  const lines = families.flatMap(family => familyLines(family, format));
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

/** `q` of each media type of an `Accept` header. */
function acceptedQualities(accept: string): Map<string, number> {
  const qualities = new Map<string, number>();
  for (const item of accept.split(',')) {
    const [type = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase());
    const q = Number(parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? 1);
    qualities.set(type, Math.max(qualities.get(type) ?? 0, Number.isNaN(q) ? 0 : q));
  }
  return qualities;
}

/** The format that a client wants: OpenMetrics where it names it at least as high as plain text. */
export function negotiateFormat(accept: string | undefined): TextFormat {
  const qualities = acceptedQualities(accept ?? '');
  const openMetrics = qualities.get('application/openmetrics-text') ?? 0;
  const plain = qualities.get('text/plain') ?? qualities.get('text/*') ?? qualities.get('*/*') ?? 0;
  return openMetrics > 0 && openMetrics >= plain ? 'openmetrics' : 'prometheus';
}
