// Markdown of `npm run bench:memory`.
import { cellText, problemLines, title } from './table.mjs';

/** @typedef {import('./servers.mjs').Subject} Subject */

/**
 * What a measurement gave, or why it gave nothing.
 * @template T
 * @typedef {{ load: string, subject: string, result?: T, problems: string[] }} Found
 */

const MIB = 1024 ** 2;

/** @param {number} bytes */
const mib = bytes => (bytes / MIB).toFixed(1);

/** @param {number} count */
const grouped = count => count.toLocaleString('en-US');

/**
 * Bytes per item over key and value.
 * @param {readonly Found<import('./footprint.mjs').Overhead>[]} cells
 * @param {readonly import('./footprint.mjs').Kind[]} kinds in the order of rows
 * @param {readonly Subject[]} subjects
 * @param {ReadonlyMap<string, string>} absent subjects that were not measured, and why
 * @returns {string} Markdown
 */
export function renderOverheads(cells, kinds, subjects, absent) {
  const present = subjects.filter(({ name }) => !absent.has(name));
  const rows = kinds.map(({ name, items }) => {
    const parts = present.map(subject => {
      const { result } = cells.find(cell => cell.load === name && cell.subject === subject.name) ?? {};
      if (!result) return 'failed';
      return `${result.overhead_bytes.toFixed(1)} (${(100 * result.overhead_share).toFixed(1)} %)`;
    });
    return `| ${[name, grouped(items), ...parts].join(' | ')} |`;
  });
  for (const subject of subjects) {
    const why = absent.get(subject.name);
    if (why !== undefined)
      rows.push(`| ${title(subject)} | not measured: ${cellText(why)} |${' |'.repeat(present.length)}`);
  }
  return `${[
    `| values | items | ${present.map(title).join(' | ')} |`,
    `| --- | ---: |${' ---: |'.repeat(present.length)}`,
    ...rows,
    '',
    "Bytes of the process' resident memory per item over its key of 16 bytes and its value, with everything that grows with",
    'the items: index, headers, padding, pages that are begun. In brackets the share of key and value.',
    ...problemLines(cells),
  ].join('\n')}\n`;
}

/**
 * Items alive in a full server.
 * @param {readonly Found<import('./footprint.mjs').Full>[]} cells
 * @param {readonly Subject[]} subjects
 * @param {ReadonlyMap<string, string>} absent subjects that were not measured, and why
 * @returns {string} Markdown
 */
export function renderFull(cells, subjects, absent) {
  const find = (/** @type {string} */ name) => cells.find(({ subject }) => subject === name)?.result;
  const reference = find('memcached');
  const rows = subjects.map(subject => {
    const own = find(subject.name);
    const why = absent.get(subject.name);
    if (!own) return `| ${title(subject)} | ${why ? `not measured: ${cellText(why)}` : 'failed'} | | | | |`;
    const ratio = reference ? (own.alive / reference.alive).toFixed(2) : '-';
    const share = own.full_rss_bytes / own.max_memory_bytes;
    const grown = (own.full_rss_bytes - own.empty_rss_bytes) / own.max_memory_bytes;
    const parts = [grouped(own.alive), ratio, mib(own.full_rss_bytes), share.toFixed(2), grown.toFixed(2)];
    return `| ${[title(subject), ...parts].join(' | ')} |`;
  });
  return `${[
    '| full | items alive | to memcached | RSS, MiB | RSS / max | (RSS - empty) / max |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    'Twice as many distinct keys were written as would fit without any overhead.',
    ...problemLines(cells),
  ].join('\n')}\n`;
}
