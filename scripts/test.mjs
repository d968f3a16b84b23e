// `npm test`: the checks, cargo's tests, jest's tests, and a last line with the sum of both.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './check.mjs';
import { root } from './files.mjs';
import { ensureDependencies, ensureDist, ensureNative, main, requireRust, SetupError } from './setup.mjs';
import { addTotals, cargoTotals, formatTotals, jestTotals } from './totals.mjs';

const say = text => process.stderr.write(`\nringstone: ${text}\n`);

/** Runs a command, shows its output as it comes, and returns it with the exit code. */
function tee(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text;
      process.stdout.write(text);
    });
    child.stderr.setEncoding('utf8').on('data', text => process.stderr.write(text));
    child.on('error', reject);
    child.on('close', code => resolve({ output, code: code ?? 1 }));
  });
}

async function runCargo() {
  say('cargo test');
  const { output, code } = await tee('cargo', ['test', '--workspace', '--no-fail-fast']);
  return { totals: cargoTotals(output), code };
}

async function runJest() {
  say('jest');
  const folder = mkdtempSync(join(tmpdir(), 'ringstone-jest-'));
  try {
    const report = join(folder, 'report.json');
    const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const { code } = await tee(process.execPath, [...flags, jest, '--json', '--outputFile', report, '--silent=false']);
    return { totals: jestTotals(JSON.parse(readFileSync(report, 'utf8'))), code };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

main(async () => {
  ensureDependencies();
  requireRust();
  let checked = 0;
  try {
    say('checks: biome, tsc, cargo fmt, clippy');
    check();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    checked = 1;
  }
  const cargo = await runCargo();
  ensureNative('checked');
  ensureDist();
  const jest = await runJest();
  const totals = addTotals(cargo.totals, jest.totals);
  // A failure that no test counts (a check, a test that does not compile) is one failure.
  const uncounted = (checked || cargo.code || jest.code) !== 0 && totals.failed === 0;
  process.exitCode = checked || cargo.code || jest.code ? 1 : 0;
  process.stdout.write(`${formatTotals(uncounted ? { ...totals, failed: 1 } : totals)}\n`);
});
