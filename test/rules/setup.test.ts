/** The set-up scripts: what they say when something is lacking, and how totals are summed. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addTotals, cargoTotals, formatTotals, jestTotals } from '../../scripts/totals.mjs';
import { run } from '../harness/children.ts';
import { root, temporaryFolder } from '../harness/ringstone.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

describe('what is lacking', () => {
  const script = `import(${JSON.stringify(join(root, 'scripts', 'setup.mjs'))}).then(m => m.main(m.requireRust))`;
  /** Runs the check of tools with nothing on PATH but these programs. */
  const withPrograms = async (programs: Readonly<Record<string, string>>) => {
    for (const [name, says] of Object.entries(programs)) {
      writeFileSync(join(folder.path, name), `#!/bin/sh\necho ${says}\n`);
      chmodSync(join(folder.path, name), 0o755);
    }
    const env = { PATH: folder.path, HOME: '/nonexistent' };
    return run(process.execPath, ['--input-type=module', '--eval', script], { env });
  };

  test('Rust: says how to get it', async () => {
    const { code, stderr } = await withPrograms({});
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringstone: Rust is missing: .*cargo 1\.\d+ or newer/);
    expect(stderr).toContain('https://sh.rustup.rs');
    expect(stderr).not.toContain('    at ');
  });

  test('a Rust that is too old: says so', async () => {
    const { code, stderr } = await withPrograms({ cargo: 'cargo 1.60.0' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('this is 1.60. Update it with: rustup update')]);
  });

  test('a C compiler: says which package', async () => {
    const { code, stderr } = await withPrograms({ cargo: 'cargo 1.999.0' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('apt install build-essential')]);
  });

  test('nothing', async () => {
    expect(await withPrograms({ cargo: 'cargo 1.999.0', cc: 'cc 12' })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('totals', () => {
  const cargo = `running 3 tests
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.00s
`;

  test('of cargo', () => {
    expect(cargoTotals(cargo)).toEqual({ passed: 13, failed: 2, skipped: 1 });
    expect(cargoTotals('')).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });

  test('of jest: a file that could not run is a failure', () => {
    const report = {
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      numRuntimeErrorTestSuites: 1,
    };
    expect(jestTotals(report)).toEqual({ passed: 5, failed: 2, skipped: 3 });
  });

  test('their sum as the last line', () => {
    const sum = addTotals({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 3, skipped: 0 });
    expect(formatTotals(sum)).toBe('3 passed, 3 failed');
    expect(formatTotals({ ...sum, skipped: 4 })).toBe('3 passed, 3 failed, 4 skipped');
  });
});
