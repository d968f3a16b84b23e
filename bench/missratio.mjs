// `npm run bench:missratio`: how many requests miss with Ringstone, memcached and redis under the same traces, and with the
// policy that Ringstone follows on its own. docs/benchmarks.md has the traces and how to read the tables.
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/files.mjs';
import { main, SetupError, say } from '../scripts/setup.mjs';
import { CONTENDERS, measure } from './missratio/contenders.mjs';
import { countMisses, POLICIES } from './missratio/simulate.mjs';
import { renderMemory, renderMisses } from './missratio/table.mjs';
import { makeTrace, TRACES } from './missratio/traces.mjs';
import { endOnSignal, ensureRelease, parseOptions } from './program.mjs';

/** @typedef {import('./missratio/contenders.mjs').Contender} Contender */
/** @typedef {import('./missratio/table.mjs').Cell} Cell */
/** @typedef {import('./missratio/traces.mjs').Trace} Trace */

const MIB = 1024 ** 2;
const SEED = '20';
const NAMES = CONTENDERS.map(({ name }) => name);
/** Least memory in which a segment for each size and queue is a small part, MiB. */
const LEAST_MEMORY_MB = 4;

const USAGE = `Usage: npm run bench:missratio -- [options]

  --trace NAME    ${TRACES.join(', ')}; repeatable (default all)
  --only NAME     ${NAMES.join(', ')}; repeatable (default all)
  --seed N        of the traces; repeatable (default ${SEED})
  --requests N    of each trace (default 500000)
  --memory MIB    limit of each server (default 64)
  --life SECONDS  short lives of the trace ttl: longer than a quarter of it takes (default 60)
  --output DIR    where missratio.json and missratio.md go (default bench/results)
`;

const OPTIONS = /** @type {const} */ ({
  trace: { type: 'string', multiple: true },
  only: { type: 'string', multiple: true },
  seed: { type: 'string', multiple: true },
  requests: { type: 'string', default: '500000' },
  memory: { type: 'string', default: '64' },
  life: { type: 'string', default: '60' },
  output: { type: 'string', default: join(root, 'bench', 'results') },
  help: { type: 'boolean', short: 'h', default: false },
});

/** @param {string} option @param {string} text @param {number} least @param {number} most */
function wholeNumber(option, text, least, most) {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new SetupError(`--${option} must be a whole number from ${least} to ${most}\n${USAGE}`);
}

/**
 * @template {string} T
 * @param {string} option @param {readonly string[]} chosen @param {readonly T[]} all
 * @returns {readonly T[]} those that are chosen, in their own order
 */
function choose(option, chosen, all) {
  const strange = chosen.find(name => !all.some(one => one === name));
  if (strange !== undefined) throw new SetupError(`--${option} ${strange} is none of ${all.join(', ')}\n${USAGE}`);
  return all.filter(name => chosen.includes(name));
}

/** The options, checked. */
function readOptions() {
  const { trace = TRACES, only = NAMES, seed = [SEED], requests, memory, life, ...rest } = parseOptions(OPTIONS, USAGE);
  const names = choose('only', only, NAMES);
  return {
    ...rest,
    traces: choose('trace', trace, TRACES),
    contenders: CONTENDERS.filter(({ name }) => names.includes(name)),
    seeds: seed.map(text => wholeNumber('seed', text, 0, 2 ** 32 - 1)),
    requests: wholeNumber('requests', requests, 1000, 1_000_000_000),
    memoryMb: wholeNumber('memory', memory, LEAST_MEMORY_MB, 1_000_000),
    life_s: wholeNumber('life', life, 2, 86_399),
  };
}

/** Miss ratios of all policies. @param {Trace} trace @param {number} memoryMb */
const simulate = (trace, memoryMb) =>
  Object.fromEntries(
    Object.entries(POLICIES).map(([name, Policy]) => [
      name,
      countMisses(new Policy(memoryMb * MIB), trace) / trace.keys.length,
    ]),
  );

/**
 * A trace through one server.
 * @param {string} load
 * @param {Contender} contender
 * @param {Trace} trace
 * @param {number} memoryMb
 * @param {NodeJS.ProcessEnv} env
 * @param {Map<string, string>} absent where it goes if it does not run
 * @returns {Promise<Cell[]>} one, or none
 */
async function replay(load, contender, trace, memoryMb, env, absent) {
  const cell = { load, subject: contender.name };
  const progress = (/** @type {number} */ requests, /** @type {number} */ misses) =>
    say(`${load}: ${contender.title}: ${requests} requests, ${(misses / requests).toFixed(4)} missed`);
  try {
    const result = await measure(contender, trace, memoryMb, env, progress);
    if (typeof result !== 'string') return [{ ...cell, result, problems: [] }];
    absent.set(contender.name, result);
    return [];
  } catch (error) {
    return [{ ...cell, problems: [/** @type {Error} */ (error).message] }];
  }
}

endOnSignal();

main(async () => {
  const { help, traces, contenders, seeds, requests, memoryMb, life_s, output } = readOptions();
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const env = ensureRelease();
  /** @type {Map<string, string>} */
  const absent = new Map();
  /** @type {Cell[]} */
  const cells = [];
  const simulated = [];
  for (const name of traces)
    for (const seed of seeds) {
      const load = seeds.length > 1 ? `${name}, seed ${seed}` : name;
      const trace = makeTrace(name, requests, seed, life_s);
      say(`${load}: policies`);
      simulated.push({ load, ratios: simulate(trace, memoryMb) });
      // At the same time: each waits for its own replies only, and the lives of `ttl` take as long as one's.
      const there = contenders.filter(one => !absent.has(one.name));
      cells.push(...(await Promise.all(there.map(one => replay(load, one, trace, memoryMb, env, absent)))).flat());
    }
  const conditions =
    `Linux ${release()}, Node.js ${process.versions.node}. ${memoryMb} MiB, ${requests.toLocaleString('en-US')} requests, ` +
    `seed ${seeds.join(', ')}. Short lives: ${life_s} s.`;
  const loads = simulated.map(({ load }) => load);
  const page = [
    renderMisses(cells, simulated, contenders, absent),
    renderMemory(cells, loads, contenders, absent),
    `${conditions}\n`,
  ].join('\n');
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, 'missratio.md'), page);
  const json = { conditions, absent: Object.fromEntries(absent), cells, simulated };
  writeFileSync(join(output, 'missratio.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  process.stdout.write(page);
  if (cells.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
});
