/** `npm run bench:instructions`: what grows is found, and what cannot be compared is not. */
import { expect, test } from '@jest/globals';
import { compare, TOLERANCE } from '../../bench/instructions-table.mjs';

const conditions = { rustc: 'rustc 1.95.0', valgrind: 'valgrind-3.19.0', libc: '2.36', arch: 'x64' };
const counts = (instructions: Record<string, number>, other = {}) => ({
  conditions: { ...conditions, ...other },
  instructions,
});

test('a change within the tolerance is shown and passes', () => {
  const { page, failed } = compare(counts({ get: 100 + 99 * TOLERANCE, set: 90 }), counts({ get: 100, set: 100 }));
  expect(failed).toBe(false);
  expect(page).toContain('| get | 103.0 | 100.0 | +3.0 % |');
  expect(page).toContain('| set | 90.0 | 100.0 | -10.0 % |');
});

test('what grows beyond it fails, and is named', () => {
  const { page, failed } = compare(counts({ get: 104, set: 100 }), counts({ get: 100, set: 100 }));
  expect(failed).toBe(true);
  expect(page).toContain('Above +3.0 %: get: +4.0 %.');
});

test('a case that is no longer counted fails; a new one does not', () => {
  expect(compare(counts({ get: 100 }), counts({ get: 100, set: 100 }))).toMatchObject({
    failed: true,
    page: expect.stringContaining('In the baseline only: set.'),
  });
  expect(compare(counts({ get: 100, set: 100 }), counts({ get: 100 })).failed).toBe(false);
});

test('with another compiler nothing fails, and the table says why', () => {
  const { page, failed } = compare(counts({ get: 200 }, { rustc: 'rustc 1.96.0' }), counts({ get: 100 }));
  expect(failed).toBe(false);
  expect(page).toContain('The comparison does not hold: rustc is rustc 1.96.0, was rustc 1.95.0.');
});

test('without a baseline it says how to make one', () => {
  expect(compare(counts({ get: 100 }), undefined)).toMatchObject({
    failed: false,
    page: expect.stringContaining('--update'),
  });
});
