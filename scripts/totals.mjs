// Totals of test runs, read from what the runners really said.

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/**
 * Sums cargo's closing lines (`test result: ok. 3 passed; 0 failed; 1 ignored; ...`).
 * @param {string} output
 * @returns {Totals}
 */
export function cargoTotals(output) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored;/gm,
  )) {
    totals.passed += Number(passed);
    totals.failed += Number(failed);
    totals.skipped += Number(ignored);
  }
  return totals;
}

/**
 * Totals of jest's JSON report; a file that could not run counts as one failure.
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, numRuntimeErrorTestSuites: number }} report
 * @returns {Totals}
 */
export function jestTotals(report) {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** @param {...Totals} all @returns {Totals} */
export function addTotals(...all) {
  /** @param {keyof Totals} key */
  const sum = key => all.reduce((total, one) => total + one[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

/** `N passed, N failed`, with `, N skipped` only where there are some. @param {Totals} totals */
export function formatTotals({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
