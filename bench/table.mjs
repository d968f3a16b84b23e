// Medians and the Markdown table.
import { PROGRAMS, SUBJECTS } from './servers.mjs';

/** Cores below which a server was waiting for the load, so that its throughput is not its limit. */
const BUSY = 0.9;

/**
 * @typedef {object} Measured one run
 * @property {number} cpu_us server's CPU time per key
 * @property {number} rate keys per second
 * @property {number} busy cores that the server used
 * @property {number} waited cores that the server's threads were ready for, and others had
 * @property {number} p50_us
 * @property {number} p99_us
 * @property {number} p999_us
 * @property {number} load_p999_us what of latencies may have been the load's own lateness
 * @property {number} rest_p999_us latencies without it
 */

/**
 * @typedef {object} Cell a subject under a load, over all rounds
 * @property {string} load
 * @property {string} subject
 * @property {readonly Measured[]} rounds
 * @property {readonly string[]} problems
 */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Median of each figure over the rounds; nothing without a round.
 * @param {Cell | undefined} cell
 * @returns {Measured | undefined}
 */
export function medians(cell) {
  if (!cell || cell.rounds.length === 0) return undefined;
  const names = /** @type {(keyof Measured)[]} */ (Object.keys(cell.rounds[0] ?? {}));
  const all = names.map(name => [name, median(cell.rounds.map(round => round[name]))]);
  return /** @type {Measured} */ (Object.fromEntries(all));
}

/** Head of a column. @param {import('./servers.mjs').Subject} subject */
export const title = ({ program, protocol }) =>
  `${PROGRAMS[program].name}${program === 'redis' || protocol === 'memcached' ? '' : ' RESP'}`;

/**
 * @param {number} value
 * @param {number | undefined} reference
 */
export const ratio = (value, reference) => (reference === undefined ? '-' : (value / reference).toFixed(2));

/** @param {number} rate */
export const thousands = rate => `${(rate / 1000).toFixed(0)}k`;

/**
 * @param {import('./servers.mjs').Subject} subject
 * @param {Measured | undefined} own
 * @param {Measured | undefined} reference
 * @returns {[cpu: string, rate: string]}
 */
function figures(subject, own, reference) {
  if (!own) return ['failed', 'failed'];
  const mark = own.busy < BUSY ? '*' : '';
  if (subject.name === subject.reference) return [own.cpu_us.toFixed(2), `${thousands(own.rate)}${mark}`];
  const unknown = reference === undefined;
  const cpu = unknown ? `${own.cpu_us.toFixed(2)} us` : ratio(own.cpu_us, reference.cpu_us);
  return [cpu, `${unknown ? thousands(own.rate) : ratio(own.rate, reference.rate)}${mark}`];
}

/** @param {string} text without what would end a cell */
export const cellText = text => text.replaceAll(/[|\n]/g, ' ');

/**
 * What went wrong, as lines below a table.
 * @param {readonly Pick<Cell, 'subject' | 'load' | 'problems'>[]} cells
 */
export function problemLines(cells) {
  const lines = cells
    .filter(({ problems }) => problems.length > 0)
    .map(({ subject, load, problems }) => `- ${subject} under ${load}: ${[...new Set(problems)].join('; ')}`);
  return lines.length === 0 ? [] : ['', 'Problems:', '', ...lines];
}

/**
 * Costs and rates of a closed loop.
 * @param {readonly Cell[]} cells
 * @param {readonly string[]} loads in the order of rows
 * @param {ReadonlyMap<string, string>} absent subjects that were not measured, and why
 * @param {readonly string[]} wanted names of subjects
 * @returns {string} Markdown
 */
export function renderTable(cells, loads, absent, wanted) {
  const subjects = SUBJECTS.filter(({ name }) => wanted.includes(name) && !absent.has(name));
  const find = (/** @type {string} */ load, /** @type {string} */ subject) =>
    cells.find(cell => cell.load === load && cell.subject === subject);
  const heads = subjects.flatMap(subject => {
    const own = subject.name === subject.reference;
    return [`${title(subject)} CPU${own ? ', us' : ''}`, `${title(subject)} rate${own ? ', 1/s' : ''}`];
  });
  const rows = loads.map(load => {
    const parts = subjects.flatMap(subject =>
      figures(subject, medians(find(load, subject.name)), medians(find(load, subject.reference))),
    );
    return `| ${[load, ...parts].join(' | ')} |`;
  });
  for (const [name, why] of absent) {
    const subject = SUBJECTS.find(one => one.name === name);
    rows.push(
      `| ${subject ? title(subject) : name} | not measured: ${cellText(why)} |${' |'.repeat(Math.max(0, heads.length - 1))}`,
    );
  }
  return `${[
    `| load | ${heads.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(heads.length)}`,
    ...rows,
    '',
    "CPU: the server's CPU time per request, in microseconds for memcached and redis; Ringstone's as a ratio to memcached's",
    "under the memcached protocol and to redis' under RESP (lower is better). Rate: replies per second, as a ratio likewise",
    '(higher is better); both per key where gets have several (k16). * the server was idle for over a tenth of the time: the rate',
    'is that of the load, or of round trips.',
    ...problemLines(cells),
  ].join('\n')}\n`;
}
