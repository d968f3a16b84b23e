// Markdown of `npm run bench:embed`.
import { cellText, median } from '../table.mjs';
import { REFERENCE } from './contenders.mjs';

/** @typedef {import('./rounds.mjs').Cell} Cell */
/** @typedef {import('./contenders.mjs').Contender} Contender */

/** Below it a decimal is shown, ns. */
const FINE_NS = 10;

/** @param {number} ns */
export const nsText = ns => (ns < FINE_NS ? ns.toFixed(1) : Math.round(ns).toLocaleString('en-US'));

/** @param {number} value */
const ratioText = value => (value < FINE_NS ? value.toFixed(2) : Math.round(value).toLocaleString('en-US'));

/**
 * @param {Cell | undefined} own
 * @param {Cell | undefined} reference
 */
function figure(own, reference) {
  if (!own) return '';
  if (own.rounds_ns.length === 0) return 'failed';
  const ns = median(own.rounds_ns);
  if (own.contender === REFERENCE) return nsText(ns);
  const ratio = reference && reference.rounds_ns.length > 0 ? ratioText(ns / median(reference.rounds_ns)) : '-';
  return `${nsText(ns)} (${ratio})`;
}

/** @param {readonly Cell[]} cells @param {readonly Contender[]} contenders */
function problems(cells, contenders) {
  const lines = cells
    .filter(cell => cell.problems.length > 0)
    .map(cell => {
      const title = contenders.find(({ name }) => name === cell.contender)?.title ?? cell.contender;
      return `- ${title} under ${cell.load}: ${[...new Set(cell.problems)].join('; ')}`;
    });
  return lines.length === 0 ? [] : ['', 'Problems:', '', ...lines];
}

/**
 * Nanoseconds per operation.
 * @param {readonly Cell[]} cells
 * @param {readonly string[]} loads in the order of rows
 * @param {readonly Contender[]} contenders in the order of columns
 * @param {ReadonlyMap<string, string>} absent contenders that were not measured, and why
 * @returns {string} Markdown
 */
export function renderCalls(cells, loads, contenders, absent) {
  const present = contenders.filter(({ name }) => !absent.has(name));
  const find = (/** @type {string} */ load, /** @type {string} */ contender) =>
    cells.find(cell => cell.load === load && cell.contender === contender);
  const rows = loads.map(load => {
    const parts = present.map(({ name }) => figure(find(load, name), find(load, REFERENCE)));
    return `| ${[load, ...parts].join(' | ')} |`;
  });
  for (const { name, title } of contenders) {
    const why = absent.get(name);
    if (why !== undefined) rows.push(`| ${title} | not measured: ${cellText(why)} |${' |'.repeat(present.length - 1)}`);
  }
  return `${[
    `| load | ${present.map(({ title, name }) => `${title}${name === REFERENCE ? ', ns' : ''}`).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(present.length)}`,
    ...rows,
    '',
    'Nanoseconds per operation, in brackets as a ratio to lru-cache (lower is better); per key where a call has several (mget16,',
    'mget100). t4: four worker_threads, nanoseconds of all of them together; lru-cache, node-cache and keyv have a copy in each.',
    ...problems(cells, contenders),
  ].join('\n')}\n`;
}
