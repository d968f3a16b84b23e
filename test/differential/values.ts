/** Keys, values, numbers and times that streams are made of. */
import type { Random } from '../soak/random.mjs';

const KIB = 1024;

/** Lengths of values where something changes: buffers of 4 and 16 KiB, segments of 64 KiB, and what is longer than those. */
const LENGTHS = [4 * KIB, 16 * KIB, 64 * KIB];
const LONG = { share: 0.01, least: 100 * KIB, most: 400 * KIB };
const AT_BORDER = 0.05;

/** How long a value is: mostly short. */
export function valueLength(random: Random): number {
  if (random.chance(LONG.share)) return LONG.least + random.below(LONG.most - LONG.least);
  if (random.chance(AT_BORDER)) return random.of(LENGTHS) - 40 + random.below(80);
  return random.of([0, 1, 2, 8, 20, 44, 45, 100, 250, 255, 256, 1000]) + random.below(3);
}

const LOOKALIKES = ['END\r\n', '\r\n', 'STORED\r\n', '\0', '\xff\xfe', '+OK\r\n', '$-1\r\n', ' ', 'VALUE k1 0 1\r\n'];

/** Any bytes of a length, the longer ones repeating themselves. */
export function bytesOf(random: Random, length: number): Buffer {
  if (random.chance(0.15)) return Buffer.alloc(length, random.of(LOOKALIKES), 'latin1');
  if (length > 300) return Buffer.alloc(length, random.value(61));
  return random.chance(0.5) ? Buffer.from(random.value(length)) : Buffer.alloc(length, random.of(['abc', 'xyz.', 'q']));
}

/** Any value. */
export function value(random: Random): Buffer {
  return bytesOf(random, valueLength(random));
}

/** Keys of text: few, so that commands meet. Also some that are strange. */
export const KEYS = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'];
const STRANGE_KEYS = ['', 'k\r\n', '\0\xff', `k${'x'.repeat(300)}`, '{k1}k2', 'K1', 'k 1'];

export function key(random: Random): string {
  return random.chance(0.03) ? random.of(STRANGE_KEYS) : random.of(KEYS);
}

/** Some keys. */
export function keys(random: Random, most = 5): string[] {
  return Array.from({ length: 1 + random.below(most) }, () => key(random));
}

/** Integers at the borders of their types, and what is none. */
const INTEGERS = [
  ...['0', '1', '-1', '2', '10', '-10', '100', '9', '99', '255'],
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809'],
  ...['9223372036854775806', '18446744073709551615', '18446744073709551616', '2147483648', '4294967296'],
];
const MALFORMED = [
  '',
  'abc',
  '1.5',
  ' 1',
  '1 ',
  '+1',
  '01',
  '-01',
  '-0',
  '0x10',
  '1e3',
  '--1',
  '-',
  '1\0',
  '9'.repeat(40),
];

export function integer(random: Random): string {
  if (random.chance(0.12)) return random.of(MALFORMED);
  return random.chance(0.5) ? String(random.below(2000) - 1000) : random.of(INTEGERS);
}

const FLOATS = [
  ...[
    '0',
    '1',
    '-1',
    '0.1',
    '0.5',
    '3.0',
    '1.50',
    '-2.25',
    '10.123456789',
    '3.14159265358979323846',
    '5.0e3',
    '1e2',
    '1E-3',
  ],
  ...[
    '1e17',
    '1e18',
    '-1e17',
    '123456789012345678',
    '0.1e1',
    '1e-10',
    '1e300',
    '1e400',
    '1e4000',
    '1e5000',
    '-1e4932',
    '2e4932',
  ],
  ...[
    '.5',
    '5.',
    '-.5',
    '+1.5',
    '0x1p3',
    '0x10',
    '-0',
    '-0.0',
    '00.5',
    '100.00',
    '1e',
    '1e+2',
    '1.5e+1',
    '4.9e-324',
    '1e-4950',
  ],
  ...['inf', '-inf', '+inf', 'infinity', 'nan', 'NaN', '-nan', '', ' 1', '1 ', 'abc', '1.2.3', '1\0'],
];

export function float(random: Random): string {
  if (random.chance(0.4)) return random.of(FLOATS);
  const digits = 1 + random.below(6);
  return ((random.fraction() - 0.5) * 10 ** random.below(7)).toFixed(digits);
}

/**
 * Seconds from now: never so few that they could pass while a stream runs, but for those that have passed; and hardly ever the
 * same ones, for which of two is the later one would be a matter of milliseconds.
 */
export function seconds(random: Random): string {
  if (random.chance(0.6)) return String(1000 + random.below(10_000_000));
  return random.of([
    ...['0', '-1', '-1000', '9223372036854775', '9223372036854776', '9223372036854775807', '9223372036854775808'],
    ...[
      '-9223372036854775808',
      '-9223372036854775809',
      '99999999999',
      ...MALFORMED.filter(text => !/^\s*\+?0*1/.test(text)),
    ],
  ]);
}

/** Milliseconds from now, as `seconds`. */
export function milliseconds(random: Random): string {
  if (random.chance(0.6)) return String(1_000_000 + random.below(10_000_000) * 999);
  return seconds(random).replace(/^(\d{4,8})$/, '$1000');
}

/** Seconds since 1970. */
export function absoluteSeconds(random: Random): string {
  if (random.chance(0.6)) return random.of(['4102444800', '4102444801', '5000000000']);
  return random.chance(0.3) ? random.of(['1', '2', '1000000000']) : seconds(random).replace(/^\d{4,8}$/, '4102444805');
}

/** Milliseconds since 1970. */
export function absoluteMilliseconds(random: Random): string {
  if (random.chance(0.6)) return random.of(['4102444800000', '4102444800001', '5000000000999']);
  return random.chance(0.3)
    ? random.of(['1', '2', '1000000000'])
    : milliseconds(random).replace(/^\d{7,11}$/, '4102444805000');
}

/** Words in a random order, some of them and some twice. */
export function options(random: Random, choices: readonly (() => readonly string[])[], most = 3): string[] {
  const count = random.chance(0.35) ? 0 : 1 + random.below(most);
  return Array.from({ length: count }, () => random.of(choices)()).flat();
}

/** A word in capitals, or not. */
export function anyCase(random: Random, word: string): string {
  return random.chance(0.8) ? word : word.toLowerCase();
}
