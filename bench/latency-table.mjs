// The table of latencies at a fixed rate.
import { SUBJECTS } from './servers.mjs';
import { cellText, medians, problemLines, ratio, thousands, title } from './table.mjs';

/** @typedef {import('./table.mjs').Cell} Cell */

const COLUMNS = ['rate, 1/s', 'p50, us', 'p99, us', 'p99.9, us', 'ratio', 'load, us', 'rest, us', 'ratio', 'waited'];

/**
 * Latencies at a fixed rate, the same for all of a protocol.
 * @param {readonly Cell[]} cells
 * @param {readonly string[]} loads in the order of rows
 * @param {ReadonlyMap<string, string>} absent subjects that were not measured, and why
 * @param {readonly string[]} wanted names of subjects
 * @returns {string} Markdown
 */
export function renderLatencies(cells, loads, absent, wanted) {
  const subjects = SUBJECTS.filter(({ name }) => wanted.includes(name));
  /** @param {string} load @param {string} subject */
  const find = (load, subject) => cells.find(one => one.load === load && one.subject === subject);
  /** @param {string} load @param {import('./servers.mjs').Subject} subject */
  const row = (load, subject) => {
    const cell = find(load, subject.name);
    const own = medians(cell);
    const reference = medians(find(load, subject.reference));
    const why =
      absent.get(subject.name) ?? cell?.problems[0] ?? `without ${subject.reference} there is no rate to take`;
    if (!own)
      return `| ${[load, title(subject), `not measured: ${cellText(why)}`].join(' | ')} |${' |'.repeat(COLUMNS.length - 1)}`;
    const parts = [
      thousands(own.rate),
      ...[own.p50_us, own.p99_us, own.p999_us].map(us => us.toFixed(0)),
      ratio(own.p999_us, reference?.p999_us),
      ...[own.load_p999_us, own.rest_p999_us].map(us => us.toFixed(0)),
      ratio(own.rest_p999_us, reference?.rest_p999_us),
      own.waited.toFixed(3),
    ];
    return `| ${[load, title(subject), ...parts].join(' | ')} |`;
  };
  return `${[
    `| load | server | ${COLUMNS.join(' | ')} |`,
    `| --- | --- |${' ---: |'.repeat(COLUMNS.length)}`,
    ...loads.flatMap(load => subjects.map(subject => row(load, subject))),
    '',
    "At half of the rate that the protocol's reference reached in a closed loop; latencies count from when requests were due.",
    'Load: p99.9 of what may have been the lateness of the load itself; rest: p99.9 of latencies without it. Ratios are to the',
    "reference's p99.9. Waited: share of the time that a thread of the server was ready to run and others had the core.",
    ...problemLines(cells),
  ].join('\n')}\n`;
}
