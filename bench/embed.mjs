// `npm run bench:embed`: the engine inside Node.js beside caches on the JavaScript heap and servers over loopback.
// docs/benchmarks.md has the conditions and how to read the tables.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/files.mjs';
import { main, SetupError, say } from '../scripts/setup.mjs';
import { CONTENDERS, REFERENCE } from './embed/contenders.mjs';
import { DEFAULT_LOADS, LOADS } from './embed/loads.mjs';
import { HOLDERS, measureMemory, PACE, renderHolding } from './embed/memory.mjs';
import { measureParts, renderParts } from './embed/parts.mjs';
import { Rounds } from './embed/rounds.mjs';
import { renderCalls } from './embed/table.mjs';
import { endOnSignal, ensureRelease, parseOptions } from './program.mjs';

const USAGE = `Usage: npm run bench:embed -- [options]

  --all            every load (${LOADS.length}): hours
  --only TEXT      loads or contenders whose name contains TEXT; repeatable (get-100b, mget, t4, lru, ringstone ...)
  --rounds N       processes of each contender; the table has medians (default 3)
  --duration MS    of each load in each process (default 300); it runs for half of that before it is measured
  --output DIR     where embed.json and embed.md go (default bench/results)
  --memory         instead, what many entries cost in resident memory and pauses of the event loop: a minute per round and cache
  --parts          instead, what a call is made of
  --items N        of --memory (default 5000000)
  --list           print the names of loads and contenders
`;

const OPTIONS = /** @type {const} */ ({
  all: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  rounds: { type: 'string', default: '3' },
  duration: { type: 'string', default: '300' },
  output: { type: 'string', default: join(root, 'bench', 'results') },
  memory: { type: 'boolean', default: false },
  parts: { type: 'boolean', default: false },
  items: { type: 'string', default: '5000000' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
});

/** @param {string} option @param {string} text */
function wholeNumber(option, text) {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new SetupError(`--${option} must be a whole number above 0\n${USAGE}`);
}

/** The options, checked. */
function readOptions() {
  const { rounds, duration, items, ...rest } = parseOptions(OPTIONS, USAGE);
  const measure_ms = wholeNumber('duration', duration);
  return {
    ...rest,
    rounds: wholeNumber('rounds', rounds),
    items: wholeNumber('items', items),
    durations: { measure_ms, warm_ms: Math.ceil(measure_ms / 2) },
  };
}

/**
 * Loads and contenders whose names contain one of the texts. A text is about contenders only where one has it as its name or a part
 * of it; the reference is always among them, since a ratio needs it.
 * @param {readonly string[]} only
 * @param {boolean} all
 */
function choose(only, all) {
  const about = (/** @type {string} */ text, /** @type {readonly { name: string }[]} */ of) =>
    of.some(({ name }) => name.includes(text));
  const strange = only.find(text => !about(text, CONTENDERS) && !about(text, LOADS));
  if (strange !== undefined)
    throw new SetupError(`--only ${strange} matches no load and no contender; --list shows them`);
  const forContenders = only.filter(text => about(text, CONTENDERS));
  const forLoads = only.filter(text => !forContenders.includes(text));
  const pool = all ? LOADS : LOADS.filter(({ name }) => DEFAULT_LOADS.includes(name));
  const matching = (/** @type {readonly import('./embed/loads.mjs').Load[]} */ loads) =>
    loads.filter(({ name }) => forLoads.some(text => name.includes(text)));
  // A text may be about loads that are not among the default ones.
  const loads = forLoads.length === 0 ? pool : matching(pool).length > 0 ? matching(pool) : matching(LOADS);
  const contenders = CONTENDERS.filter(
    ({ name }) => forContenders.length === 0 || name === REFERENCE || forContenders.some(text => name.includes(text)),
  );
  return { loads, contenders };
}

main(async () => {
  const options = readOptions();
  if (options.help || options.list) {
    const names = [...LOADS, ...CONTENDERS].map(({ name }) => `${name}\n`);
    process.stdout.write(options.help ? USAGE : names.join(''));
    return;
  }
  if (options.parts) return reportParts(options);
  if (options.memory) return reportMemory(options);
  const { loads, contenders } = choose(options.only ?? [], options.all);
  const rounds = new Rounds(options.durations, ensureRelease());
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => interrupt(rounds));
  try {
    await rounds.run(contenders, loads, options.rounds);
  } finally {
    await rounds.stop();
  }
  report(rounds, loads, contenders, options);
});

/** The first wish ends it with the table of what was measured, the second at once. @param {Rounds} rounds */
function interrupt(rounds) {
  if (rounds.stopped) process.exit(1);
  rounds.stopped = true;
  process.exitCode = 1;
  say('ending after this process; once more ends at once');
}

const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Linux ${release()}, Node.js ${process.versions.node}`;

/**
 * Writes a table and its figures.
 * @param {string} output folder
 * @param {string} name of the files
 * @param {string} page
 * @param {object} json
 */
function write(output, name, page, json) {
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, `${name}.md`), page);
  writeFileSync(join(output, `${name}.json`), `${JSON.stringify(json, undefined, 2)}\n`);
  process.stdout.write(page);
}

/** Measures what a call is made of, and prints it. @param {ReturnType<typeof readOptions>} options */
async function reportParts({ output }) {
  endOnSignal();
  const parts = await measureParts(ensureRelease());
  write(output, 'embed-parts', `${renderParts(parts)}\n${machine}.\n`, { machine, parts });
}

/** Measures what many entries cost, and prints it. @param {ReturnType<typeof readOptions>} options */
async function reportMemory({ only, items, rounds, output }) {
  const { contenders } = choose(only ?? HOLDERS, false);
  const holders = contenders.filter(({ name }) => HOLDERS.includes(name));
  endOnSignal();
  const cells = await measureMemory(holders, { items, rounds, ...PACE }, ensureRelease());
  const conditions = `${machine}. Rounds: ${rounds}. Steady: ${PACE.rate.toLocaleString('en-US')} calls per second for ${PACE.steady_ms / 1000} s.`;
  write(output, 'embed-memory', `${renderHolding(cells, items)}\n${conditions}\n`, {
    conditions,
    items,
    rounds,
    cells,
  });
  if (cells.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}

/**
 * Writes the files and prints the table.
 * @param {Rounds} rounds
 * @param {readonly import('./embed/loads.mjs').Load[]} loads
 * @param {readonly import('./embed/contenders.mjs').Contender[]} contenders
 * @param {ReturnType<typeof readOptions>} options
 */
function report({ cells: found, absent }, loads, contenders, { rounds, durations, output }) {
  const cells = [...found.values()];
  const conditions = `${machine}. Rounds: ${rounds}, each in a process of its own, of ${durations.measure_ms} ms per load.`;
  const names = loads.map(({ name }) => name);
  const page = [renderCalls(cells, names, contenders, absent), `${conditions}\n`].join('\n');
  write(output, 'embed', page, { conditions, rounds, ...durations, absent: Object.fromEntries(absent), cells });
  if (cells.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}
