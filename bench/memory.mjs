// `npm run bench:memory`: what items cost in the resident memory of Ringstone, memcached and redis. docs/benchmarks.md
// has the conditions and how to read the tables.
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/files.mjs';
import { main, SetupError, say } from '../scripts/setup.mjs';
import { KEY_BYTES } from './fill.mjs';
import { FULL, KINDS, measureFull, measureOverhead } from './footprint.mjs';
import { renderFull, renderOverheads } from './memory-table.mjs';
import { endOnSignal, ensureRelease, parseOptions } from './program.mjs';
import { SUBJECTS } from './servers.mjs';

/** @typedef {import('./servers.mjs').Subject} Subject */

/** One for each store: its runtime and the protocol that fills it make no difference. */
const NAMES = ['memcached', 'mio', 'redis'];

const USAGE = `Usage: npm run bench:memory -- [options]

  --items N      items of the kinds of 16 and 100 bytes, the others in proportion (default 1000000)
  --only NAME    ${NAMES.join(', ')}; repeatable
  --output DIR   where memory.json and memory.md go (default bench/results)
`;

const OPTIONS = /** @type {const} */ ({
  items: { type: 'string', default: '1000000' },
  only: { type: 'string', multiple: true },
  output: { type: 'string', default: join(root, 'bench', 'results') },
  help: { type: 'boolean', short: 'h', default: false },
});

/** The options, checked. */
function readOptions() {
  const { items, only = NAMES, ...rest } = parseOptions(OPTIONS, USAGE);
  const most = Math.max(...KINDS.map(kind => kind.items));
  if (!/^[1-9]\d{0,9}$/.test(items)) throw new SetupError(`--items must be a whole number above 0\n${USAGE}`);
  const strange = only.find(name => !NAMES.includes(name));
  if (strange !== undefined) throw new SetupError(`--only ${strange} is none of ${NAMES.join(', ')}\n${USAGE}`);
  const kinds = KINDS.map(kind => ({ ...kind, items: Math.ceil((kind.items * Number(items)) / most) }));
  return { ...rest, kinds, subjects: SUBJECTS.filter(({ name }) => only.includes(name)) };
}

/**
 * Measures with each subject that is there.
 * @template T
 * @param {string} load
 * @param {readonly Subject[]} subjects
 * @param {Map<string, string>} absent where those go that do not run
 * @param {(subject: Subject) => Promise<T | string>} measure
 * @returns {Promise<import('./memory-table.mjs').Found<T>[]>}
 */
async function measureAll(load, subjects, absent, measure) {
  const found = [];
  for (const subject of subjects.filter(({ name }) => !absent.has(name))) {
    say(`${load}: ${subject.name}`);
    const cell = { load, subject: subject.name };
    try {
      const result = await measure(subject);
      if (typeof result === 'string') absent.set(subject.name, result);
      else found.push({ ...cell, result, problems: [] });
    } catch (error) {
      found.push({ ...cell, problems: [/** @type {Error} */ (error).message] });
    }
  }
  return found;
}

endOnSignal();

main(async () => {
  const { help, kinds, subjects, output } = readOptions();
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const env = ensureRelease();
  /** @type {Map<string, string>} */
  const absent = new Map();
  const overheads = [];
  for (const kind of kinds)
    overheads.push(...(await measureAll(kind.name, subjects, absent, one => measureOverhead(one, kind, env))));
  const full = await measureAll('full', subjects, absent, one => measureFull(one, env));
  const conditions =
    `Linux ${release()}, Node.js ${process.versions.node}. Keys of ${KEY_BYTES} bytes. Full: ${FULL.memory_mb} MiB, ` +
    `values of ${FULL.valueBytes} bytes.`;
  const page = [
    renderOverheads(overheads, kinds, subjects, absent),
    renderFull(full, subjects, absent),
    `${conditions}\n`,
  ].join('\n');
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, 'memory.md'), page);
  const json = { conditions, absent: Object.fromEntries(absent), overheads, full };
  writeFileSync(join(output, 'memory.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  process.stdout.write(page);
  if ([...overheads, ...full].some(({ problems }) => problems.length > 0)) process.exitCode = 1;
});
