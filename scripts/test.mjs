// `npm test`: the checks, cargo's tests, jest's tests, and a last line with the sum of both.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './check.mjs';
import { root } from './files.mjs';
import { JEST } from './jest.mjs';
import { ensureDependencies, ensureDist, ensureNative, main, requireRust, SetupError, say } from './setup.mjs';
import { addTotals, cargoTotals, formatTotals, jestTotals } from './totals.mjs';

const NONE = { passed: 0, failed: 0, skipped: 0 };

/**
 * Runs a command, shows its output as it comes, and returns it with the exit code.
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<{ output: string, code: number }>}
 */
function tee(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', code => resolve({ output, code: code ?? 1 }));
  });
}

async function runCargo() {
  const { output, code } = await tee('cargo', ['test', '--workspace', '--no-fail-fast']);
  return { totals: cargoTotals(output), code };
}

async function runJest() {
  ensureNative('checked');
  ensureDist();
  const folder = mkdtempSync(join(tmpdir(), 'ringstone-jest-'));
  try {
    const report = join(folder, 'report.json');
    const { code } = await tee(process.execPath, [...JEST, '--json', '--outputFile', report]);
    // Without a report jest itself has failed; its exit code says so.
    const totals = existsSync(report) ? jestTotals(JSON.parse(readFileSync(report, 'utf8'))) : NONE;
    return { totals, code };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Runs one part; a `SetupError` fails that part and lets the others run.
 * @param {string} name
 * @param {() => Promise<{ totals: import('./totals.mjs').Totals, code: number }>} body
 */
async function part(name, body) {
  say(name);
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return { totals: NONE, code: 1 };
  }
}

main(async () => {
  ensureDependencies();
  requireRust();
  const parts = [
    await part('checks: biome, tsc, cargo fmt, clippy', async () => {
      check();
      return { totals: NONE, code: 0 };
    }),
    await part('cargo test', runCargo),
    await part('jest', runJest),
  ];
  const totals = addTotals(...parts.map(one => one.totals));
  // A part that failed without a failing test (a lint, code that does not compile) counts as one failure.
  const uncounted = parts.filter(({ totals: { failed }, code }) => code !== 0 && failed === 0).length;
  process.exitCode = totals.failed + uncounted > 0 ? 1 : 0;
  process.stdout.write(`${formatTotals({ ...totals, failed: totals.failed + uncounted })}\n`);
});
