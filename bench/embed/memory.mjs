// `npm run bench:embed -- --memory`: what many entries cost the process that holds them, in memory and in pauses.
import { fileURLToPath } from 'node:url';
import { say } from '../../scripts/setup.mjs';
import { finish } from '../children.mjs';
import { median } from '../table.mjs';
import { KEY_BYTES } from './loads.mjs';

/** @typedef {import('./memory-child.mjs').MemoryResult} MemoryResult */
/** @typedef {{ contender: string, title: string, rounds: MemoryResult[], problems: string[] }} MemoryCell */

const CHILD = fileURLToPath(new URL('./memory-child.mjs', import.meta.url));
const HEAP_MB = 16_384;
const VALUE_BYTES = 100;
const MIB = 1024 ** 2;

/** Calls per second at a steady pace, and for how long. */
export const PACE = { rate: 20_000, steady_ms: 20_000 };

/** Those that hold entries in this process and answer at once. */
export const HOLDERS = ['lru-cache', 'ringstone'];

/**
 * @param {readonly import('./contenders.mjs').Contender[]} contenders
 * @param {{ items: number, rounds: number, rate: number, steady_ms: number }} options
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<MemoryCell[]>}
 */
export async function measureMemory(contenders, { items, rounds, rate, steady_ms }, env) {
  const cells = contenders.map(({ name, title }) => ({
    contender: name,
    title,
    rounds: /** @type {MemoryResult[]} */ ([]),
    problems: /** @type {string[]} */ ([]),
  }));
  for (let round = 0; round < rounds; round++)
    for (const cell of cells) {
      say(`round ${round + 1}, ${items.toLocaleString('en-US')} entries: ${cell.title}`);
      const job = JSON.stringify({ contender: cell.contender, items, rate, steady_ms });
      const command = [process.execPath, `--max-old-space-size=${HEAP_MB}`, CHILD, job];
      const { code, stdout, stderr } = await finish(command, env);
      if (code !== 0) cell.problems.push(`ended with ${code}: ${stderr.trim().slice(-200)}`);
      else cell.rounds.push(JSON.parse(stdout));
    }
  for (const cell of cells)
    if (cell.rounds.some(({ misses }) => misses > 0)) cell.problems.push('it did not hold all entries');
  return cells;
}

/** @param {readonly MemoryCell[]} cells @param {number} items @returns {string} Markdown */
export function renderHolding(cells, items) {
  const rows = cells.map(({ title, rounds }) => {
    if (rounds.length === 0) return `| ${title} | failed |${' |'.repeat(8)}`;
    const of = (/** @type {(round: MemoryResult) => number} */ pick) => median(rounds.map(pick));
    const grown = of(round => round.filled_rss_bytes - round.empty_rss_bytes);
    const parts = [
      (grown / MIB).toFixed(0),
      (grown / items - KEY_BYTES - VALUE_BYTES).toFixed(0),
      of(round => round.filling.elapsed_ms / 1000).toFixed(1),
      of(round => round.filling.longest_ms).toFixed(1),
      of(round => round.filling.gc_longest_ms).toFixed(1),
      of(round => round.filling.gc_total_ms).toFixed(0),
      of(round => round.steady.longest_ms).toFixed(1),
      of(round => round.steady.p999_ms).toFixed(1),
      of(round => round.steady.gc_total_ms).toFixed(0),
    ];
    return `| ${[title, ...parts].join(' | ')} |`;
  });
  const problems = cells.flatMap(({ title, problems: own }) => own.map(problem => `- ${title}: ${problem}`));
  return `${[
    `| ${items.toLocaleString('en-US')} entries | RSS, MiB | over key and value, B | fill, s | longest pause, ms | longest GC, ms | GC, ms | steady: longest pause, ms | p99.9, ms | GC, ms |`,
    `| --- |${' ---: |'.repeat(9)}`,
    ...rows,
    '',
    `Strings of ${VALUE_BYTES} bytes under keys of ${KEY_BYTES}. RSS: what the process has grown by. Pauses: how late a timer of 1 ms was, while filling`,
    'as fast as it goes and then at a steady pace, 90:10 get:set.',
    ...(problems.length === 0 ? [] : ['', 'Problems:', '', ...problems]),
  ].join('\n')}\n`;
}
