// What `npm run bench:instructions` makes of its counts.

/**
 * What instruction counts depend on besides our own code.
 * @typedef {{ rustc: string, valgrind: string, libc: string, arch: string }} Conditions
 */

/**
 * Instructions of one operation, by the name of the case.
 * @typedef {{ conditions: Conditions, instructions: Record<string, number> }} Counts
 */

/** Growth from which on the command fails. */
export const TOLERANCE = 0.03;

/**
 * What differs between two runs' conditions, in words.
 * @param {Conditions} now
 * @param {Conditions} then
 */
export const differences = (now, then) =>
  /** @type {(keyof Conditions)[]} */ (Object.keys(now))
    .filter(name => now[name] !== then[name])
    .map(name => `${name} is ${now[name]}, was ${then[name]}`);

/** @param {number} change a share */
const percent = change => `${change < 0 ? '' : '+'}${(100 * change).toFixed(1)} %`;

/**
 * Holds counts against a baseline.
 * @param {Counts} now
 * @param {Counts | undefined} baseline
 * @returns {{ page: string, failed: boolean }} Markdown, and whether something grew by more than `TOLERANCE` or is missing
 */
export function compare(now, baseline) {
  const then = baseline?.instructions ?? {};
  /** @type {string[]} */
  const grown = [];
  const rows = Object.entries(now.instructions).map(([name, count]) => {
    const before = then[name];
    const change = before === undefined ? undefined : count / before - 1;
    if (change !== undefined && change > TOLERANCE) grown.push(`${name}: ${percent(change)}`);
    const cells = [name, count.toFixed(1), before?.toFixed(1) ?? '-', change === undefined ? '-' : percent(change)];
    return `| ${cells.join(' | ')} |`;
  });
  const gone = Object.keys(then).filter(name => now.instructions[name] === undefined);
  const other = baseline ? differences(now.conditions, baseline.conditions) : [];
  const notes = [
    ...(baseline ? [] : ['There is no baseline: `npm run bench:instructions -- --update` writes one.']),
    ...(other.length > 0 ? [`The comparison does not hold: ${other.join('; ')}.`] : []),
    ...(grown.length > 0 ? [`Above ${percent(TOLERANCE)}: ${grown.join('; ')}.`] : []),
    ...(gone.length > 0 ? [`In the baseline only: ${gone.join('; ')}.`] : []),
  ];
  const head = ['| instructions per operation | now | baseline | change |', '| --- | ---: | ---: | ---: |'];
  const page = `${[...head, ...rows, ...notes.flatMap(note => ['', note])].join('\n')}\n`;
  return { page, failed: other.length === 0 && grown.length + gone.length > 0 };
}
