import type { MetricFamily, NativeInfo } from '../native.ts';
import { metricsAsJson } from '../stats/json.ts';
import { negotiateFormat, renderText, TEXT_CONTENT_TYPES } from '../stats/text.ts';

/** What a server is doing. */
export type State = 'starting' | 'ready' | 'draining' | 'stopped';

/** What the routes tell about. */
export interface Subject {
  readonly version: string;
  readonly state: State;
  /** Since when the process serves, milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  /** Nothing before the core has started. */
  info(): NativeInfo | undefined;
  /** Empty before the core has started and after it has stopped. */
  metrics(): readonly MetricFamily[];
  /** A route threw `error` and was answered 500, or a connection could not be accepted. */
  onHttpError(error: unknown): void;
}

/** An answer without its transport. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const PLAIN = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const MS_PER_SECOND = 1000;

function stats(subject: Subject): Answer {
  const info = subject.info();
  const body = {
    version: subject.version,
    state: subject.state,
    pid: process.pid,
    uptime_seconds: (Date.now() - subject.startedAtMs) / MS_PER_SECOND,
    ...(info && {
      runtime: info.runtime,
      runtime_reason: info.runtimeReason,
      workers: info.workers,
      addresses: info.addresses,
      max_memory_bytes: info.maxMemory,
      cells: info.cells,
    }),
    metrics: metricsAsJson(subject.metrics()),
  };
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

function metrics(subject: Subject, accept: string | undefined): Answer {
  const format = negotiateFormat(accept);
  return { status: 200, type: TEXT_CONTENT_TYPES[format], body: renderText(subject.metrics(), format) };
}

function ready({ state }: Subject): Answer {
  return { status: state === 'ready' ? 200 : 503, type: PLAIN, body: `${state}\n` };
}

type Route = (subject: Subject, accept: string | undefined) => Answer;

const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['/health', () => ({ status: 200, type: PLAIN, body: 'alive\n' })],
  ['/ready', ready],
  ['/metrics', metrics],
  ['/stats', stats],
]);

/** Methods that every route has. */
export const ALLOWED_METHODS = ['GET', 'HEAD'];

/** Answers one request. The query is ignored, as scrapers add parameters of their own. */
export function answer(subject: Subject, method: string, target: string, accept: string | undefined): Answer {
  const route = ROUTES.get(target.split('?', 1)[0] ?? '');
  if (!route) return { status: 404, type: PLAIN, body: `not found; there are ${[...ROUTES.keys()].join(', ')}\n` };
  if (!ALLOWED_METHODS.includes(method)) return { status: 405, type: PLAIN, body: 'only GET and HEAD\n' };
  return route(subject, accept);
}
