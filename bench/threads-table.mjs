// The tables of one thread beside two, and of one key beside many.
import { PROGRAMS, THREADED_SUBJECTS } from './servers.mjs';
import { cellText, medians, problemLines, ratio, thousands } from './table.mjs';

/** @typedef {import('./table.mjs').Cell} Cell */
/** @typedef {import('./table.mjs').Measured} Measured */
/** @typedef {import('./servers.mjs').Subject} Subject */

/**
 * @param {readonly Cell[]} cells
 * @param {string} load
 * @param {Subject} subject
 */
const find = (cells, load, { name }) => cells.find(one => one.load === load && one.subject === name);

/** @param {readonly string[]} heads @param {readonly string[]} rows @param {readonly string[]} below */
const table = (heads, rows, below) =>
  `${[`| ${heads.join(' | ')} |`, `| --- | --- |${' ---: |'.repeat(heads.length - 2)}`, ...rows, '', ...below].join('\n')}\n`;

/**
 * What two runs have come to, or why one of them has not.
 * @param {string} load
 * @param {readonly Subject[]} subjects the first gives the row its name
 * @param {readonly [Cell | undefined, Cell | undefined]} both
 * @param {ReadonlyMap<string, string>} absent
 * @param {number} columns
 * @param {(first: Measured, second: Measured) => readonly string[]} figures
 */
function row(load, subjects, both, absent, columns, figures) {
  const [first, second] = both.map(medians);
  const names = subjects.map(({ program }) => PROGRAMS[program].name);
  const head = `| ${load} | ${names[0]} |`;
  if (first && second) return `${head} ${figures(first, second).join(' | ')} |`;
  const missing = subjects.map(({ name }) => absent.get(name)).find(why => why !== undefined);
  const why = missing ?? both.find(cell => cell?.problems.length)?.problems[0] ?? 'no round succeeded';
  return `${head} not measured: ${cellText(why)} |${' |'.repeat(columns - 1)}`;
}

const HOT_HEADS = ['uniform CPU, us', 'one key CPU, us', 'ratio', 'uniform rate, 1/s', 'one key rate, 1/s', 'ratio'];

/**
 * Loads with all keys alike beside the same with one key.
 * @param {readonly Cell[]} cells
 * @param {readonly { uniform: { name: string }, hot: { name: string } }[]} pairs
 * @param {ReadonlyMap<string, string>} absent subjects that were not measured, and why
 * @returns {string} Markdown
 */
export function renderHotKey(cells, pairs, absent) {
  const rows = pairs.flatMap(({ uniform, hot }) =>
    THREADED_SUBJECTS.map(subject => {
      const both = /** @type {const} */ ([find(cells, uniform.name, subject), find(cells, hot.name, subject)]);
      return row(uniform.name, [subject], both, absent, HOT_HEADS.length, (spread, one) => [
        ...[spread.cpu_us.toFixed(2), one.cpu_us.toFixed(2), ratio(one.cpu_us, spread.cpu_us)],
        ...[thousands(spread.rate), thousands(one.rate), ratio(one.rate, spread.rate)],
      ]);
    }),
  );
  return table(['load', 'server', ...HOT_HEADS], rows, [
    "All requests to one key beside the same load over many: the server's CPU time per request and the rate. Servers with two",
    'threads and their load share all cores.',
    ...problemLines(cells),
  ]);
}

const SCALING_HEADS = ['rate of 1, 1/s', 'of 2', 'ratio', 'CPU of 1, us', 'of 2', 'ratio', 'cores of 1', 'of 2'];

/**
 * One thread beside two.
 * @param {readonly Cell[]} cells
 * @param {readonly { name: string }[]} loads
 * @param {ReadonlyMap<string, string>} absent subjects that were not measured, and why
 * @returns {string} Markdown
 */
export function renderScaling(cells, loads, absent) {
  const singles = THREADED_SUBJECTS.filter(({ name, reference }) => name === reference);
  const rows = loads.flatMap(load =>
    singles.map(one => {
      const two = THREADED_SUBJECTS.find(({ name, reference }) => reference === one.name && name !== one.name) ?? one;
      const both = /** @type {const} */ ([find(cells, load.name, one), find(cells, load.name, two)]);
      return row(load.name, [one, two], both, absent, SCALING_HEADS.length, (first, second) => [
        ...[thousands(first.rate), thousands(second.rate), ratio(second.rate, first.rate)],
        ...[first.cpu_us.toFixed(2), second.cpu_us.toFixed(2), ratio(second.cpu_us, first.cpu_us)],
        ...[first.busy.toFixed(2), second.busy.toFixed(2)],
      ]);
    }),
  );
  return table(['load', 'server', ...SCALING_HEADS], rows, [
    'One thread for connections beside two, per key. Servers and load share all cores, so the rate of two is bound by what the',
    'load leaves of them; where the CPU time per key does not grow, the second thread costs nothing but its own work.',
    ...problemLines(cells),
  ]);
}
