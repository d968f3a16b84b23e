// Markdown of `npm run bench:missratio`.
import { cellText, problemLines } from '../table.mjs';
import { OVERHEAD, POLICIES } from './simulate.mjs';

/** @typedef {import('./contenders.mjs').Contender} Contender */
/** @typedef {{ load: string, subject: string, result?: import('./contenders.mjs').Outcome, problems: string[] }} Cell */
/** @typedef {{ load: string, ratios: Readonly<Record<string, number>> }} Simulated miss ratios by the policy's name */

const MIB = 1024 ** 2;

/** What the policies are called; the first is the one that Ringstone is to follow. */
const TITLES = { cells: 'its policy simulated', lru: 'exact LRU', 's3-fifo': 'S3-FIFO', gdsf: 'GDSF' };

/** @param {number | undefined} ratio */
const four = ratio => (ratio === undefined ? 'failed' : ratio.toFixed(4));

/** Difference of two ratios in percentage points. @param {number | undefined} a @param {number | undefined} b */
const points = (a, b) =>
  a === undefined || b === undefined ? '-' : `${a > b ? '+' : ''}${(100 * (a - b)).toFixed(2)}`;

/** @param {Cell | undefined} cell */
const ratioOf = cell => cell?.result && cell.result.misses / cell.result.requests;

/** @param {readonly Cell[]} cells @param {string} load @param {string} subject */
const find = (cells, load, subject) => cells.find(cell => cell.load === load && cell.subject === subject);

/** @param {readonly Contender[]} contenders @param {ReadonlyMap<string, string>} absent @param {number} columns */
const absentRows = (contenders, absent, columns) =>
  contenders
    .filter(({ name }) => absent.has(name))
    .map(
      ({ name, title }) =>
        `| ${title} | not measured: ${cellText(absent.get(name) ?? '')} |${' |'.repeat(columns - 1)}`,
    );

/**
 * Share of requests that miss.
 * @param {readonly Cell[]} cells
 * @param {readonly Simulated[]} simulated in the order of rows
 * @param {readonly Contender[]} contenders
 * @param {ReadonlyMap<string, string>} absent contenders that were not measured, and why
 * @returns {string} Markdown
 */
export function renderMisses(cells, simulated, contenders, absent) {
  const present = contenders.filter(({ name }) => !absent.has(name));
  const names = Object.keys(POLICIES);
  const rows = simulated.map(({ load, ratios }) => {
    const own = ratioOf(find(cells, load, 'mio'));
    const peers = present.filter(({ name }) => name !== 'mio').map(({ name }) => ratioOf(find(cells, load, name)));
    const best = Math.min(...peers.filter(ratio => ratio !== undefined));
    const parts = [
      ...present.map(({ name }) => four(ratioOf(find(cells, load, name)))),
      points(own, Number.isFinite(best) ? best : undefined),
      ...names.map(name => four(ratios[name])),
      points(own, ratios['cells']),
    ];
    return `| ${[load, ...parts].join(' | ')} |`;
  });
  const heads = [
    ...present.map(({ title }) => title),
    'Ringstone - best of them, points',
    ...names.map(name => TITLES[/** @type {keyof typeof TITLES} */ (name)]),
    'Ringstone - its policy, points',
  ];
  return `${[
    `| trace | ${heads.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(heads.length)}`,
    ...rows,
    ...absentRows(contenders, absent, heads.length),
    '',
    'Share of the requests that miss. Policies are simulated with the same bytes and nothing else to account for but',
    `${OVERHEAD.bytes} bytes per item over its key and value, ${OVERHEAD.life} more with a life.`,
    ...problemLines(cells),
  ].join('\n')}\n`;
}

/**
 * Memory and items of the servers at the end.
 * @param {readonly Cell[]} cells
 * @param {readonly string[]} loads in the order of rows
 * @param {readonly Contender[]} contenders
 * @param {ReadonlyMap<string, string>} absent contenders that were not measured, and why
 * @returns {string} Markdown
 */
export function renderMemory(cells, loads, contenders, absent) {
  const present = contenders.filter(({ name }) => !absent.has(name));
  const rows = loads.map(load => {
    const parts = present.map(({ name }) => {
      const result = find(cells, load, name)?.result;
      if (!result) return 'failed';
      const grown = (result.full_rss_bytes - result.empty_rss_bytes) / MIB;
      const rss = result.full_rss_bytes / MIB;
      return `${result.items.toLocaleString('en-US')} / ${rss.toFixed(1)} (${grown.toFixed(1)})`;
    });
    return `| ${[load, ...parts].join(' | ')} |`;
  });
  return `${[
    `| items / RSS, MiB (grown) | ${present.map(({ title }) => title).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(present.length)}`,
    ...rows,
    ...absentRows(contenders, absent, present.length),
    '',
    'Items that the server counts at the end of the trace, its resident memory then, and by how much that has grown.',
    "Ringstone's includes Node.js, which gives back some MiB of its start meanwhile: it has grown by that much more.",
  ].join('\n')}\n`;
}
