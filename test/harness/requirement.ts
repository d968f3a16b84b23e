/**
 * Tests that need something the machine may lack. On a developer's machine they are counted as skipped, with the reason
 * and what to do in their name; in CI (CI=true) they fail instead, so that nothing is skipped unseen.
 */
import { describe, test } from '@jest/globals';
import type { Missing } from './programs.ts';

/** `describe` that stands for itself when something is missing. */
export function describeWith(missing: Missing | undefined, name: string, body: () => void): void {
  if (!missing) {
    describe(name, body);
    return;
  }
  const why = `${missing.what} is missing; ${missing.remedy}`;
  describe(name, () => {
    if (process.env['CI'] === 'true') {
      test(`needs ${missing.what}`, () => {
        throw new Error(why);
      });
    } else {
      test.skip(why, () => undefined);
    }
  });
}
