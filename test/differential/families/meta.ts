/**
 * memcached: the meta commands, with every flag that 1.6.18 knows. What is newer, and what newer ones answer in other words
 * (docs/compatibility.md), is in the tables of test/protocol.
 */
import type { Random } from '../../soak/random.mjs';
import { type Command, type Part, text } from '../command.ts';
import { type Family, production } from '../family.ts';
import { classic, delta, NUMBERS, number, numberKey, textKey, textValue } from './classic.ts';

/** Some of a list in a random order, each at most once: memcached refuses a flag that comes twice. */
function some(
  random: Random,
  flags: readonly (string | readonly Part[])[],
  share: number,
): (string | readonly Part[])[] {
  return flags
    .filter(() => random.chance(share))
    .map(flag => ({ flag, at: random.fraction() }))
    .sort((one, other) => one.at - other.at)
    .map(({ flag }) => flag);
}

/** Times: none, far away, or passed. `T0` is none, `T-1` passed. */
const TIMES = ['0', '0', '-1', '1000', '100000', '2000000000'];
const time = (random: Random) => random.of(TIMES);
/** For what is made anew: memcached tells nonsense of the time that such an item has left when it has none. */
const lasting = (random: Random) => random.of(TIMES.filter(one => one !== '-1'));
const BAD_FLAGS = ['!', 'Z', 'y', '9', 'Tabc', 'Fabc', 'F-1', 'Cabc', 'C', 'T', 'Nabc', 'Rabc', 'Jabc', 'Dabc', 'D-1'];
/** One that is too long memcached refuses after it has done what was asked; that is for reading numbers only. */
const OPAQUES = ['O1', 'Oabc', `O${'x'.repeat(31)}`, 'O'];
const LONG_OPAQUES = [`O${'x'.repeat(32)}`, `O${'x'.repeat(33)}`];
const bad = (random: Random) => (random.chance(0.03) ? [random.of(BAD_FLAGS)] : []);
const twice = (random: Random, flags: readonly (string | readonly Part[])[]) =>
  random.chance(0.02) && flags[0] !== undefined ? [flags[0]] : [];

/** A key that is always named in base64: memcached remembers with the item how it was named, and repeats it so. */
const BASE64_KEYS = ['b 1', 'b\xff2'];
/** A text that is counted at times, in vain. */
const WORDS = 'w1';
const anyText = (random: Random) => (random.chance(0.15) ? random.of(BASE64_KEYS) : textKey(random));

/** The key as the line has it, and the flag that says so. Behind a bad one 1.6.18 takes the value of `ms` for a line. */
function named(random: Random, name: string, key: string): { key: string; flags: string[] } {
  if (name !== 'ms' && random.chance(0.01))
    return random.chance(0.3) && name !== 'ma'
      ? { key: 'x'.repeat(251), flags: [] }
      : { key: random.of(['not!base64', 'YQ', '====', 'azE']), flags: ['b'] };
  return BASE64_KEYS.includes(key)
    ? { key: Buffer.from(key, 'latin1').toString('base64'), flags: ['b'] }
    : { key, flags: [] };
}

/** A line: name, key, what follows it, flags; and its value. */
function line(
  random: Random,
  name: string,
  key: string,
  before: string,
  flags: readonly (string | readonly Part[])[],
): Command {
  const place = named(random, name, key);
  const all = [...flags, ...place.flags, ...bad(random), ...twice(random, flags)];
  const parts = all.flatMap(flag => [' ', ...(typeof flag === 'string' ? [flag] : flag)]);
  return text(`${name} ${place.key}${before}`, ...parts, '\r\n');
}

const token = (random: Random, key: string): readonly Part[] => [
  Buffer.from('C'),
  random.chance(0.2) ? Buffer.from('18446744073709551600') : { key, back: random.below(3) },
];

function metaGet(random: Random, key: string): Command {
  // A token is asked for together with the key, so that it is known whose it is.
  const tokens = random.chance(0.4) ? ['c', 'k'] : [];
  // Whether a number was read before its last change, and how long it is with the padding, is not asked.
  const ofTexts = NUMBERS.includes(key) || key === WORDS ? [] : ['h', 's'];
  const asked = some(random, [...ofTexts, 'v', 'f', 't', 'l', 'q', random.of(OPAQUES)], 0.35);
  // memcached forgets how a key was named that it makes itself.
  const vivify = BASE64_KEYS.includes(key) ? [] : [`N${lasting(random)}`];
  // Not of numbers: counting may end what the winner was told, by their length and by who holds the item.
  const recache = NUMBERS.includes(key) ? [] : [`R${random.of(['0', '30', '2000', '-1'])}`];
  const more = some(random, [...vivify, ...recache, `T${time(random)}`], 0.15);
  return line(random, 'mg', key, '', [...tokens, ...asked, ...more]);
}

/** Not of numbers: with memcached it depends on their length whether counting ends it. */
const staleness = (key: string) => (NUMBERS.includes(key) ? [] : ['I']);

function metaSet(random: Random, key: string, value: Buffer, modes: readonly string[]): Command {
  const flags = [
    ...some(random, [`F${random.of(['0', '1', '65535', '4294967295', '4294967296'])}`, `T${time(random)}`], 0.4),
    ...some(random, ['k', 'q', ...staleness(key), random.of(OPAQUES)], 0.15),
    ...some(random, [random.of(modes)], 0.5),
    ...(random.chance(0.2) ? [token(random, key)] : []),
  ];
  const wrong = random.chance(0.01);
  const length = wrong ? random.of(['abc', '-1', '']) : String(value.length);
  const { parts, name } = line(random, 'ms', key, ` ${length}`, flags);
  // After a refusal by its length alone memcached reads on at the next line.
  return { name, parts: wrong ? parts : [...parts, value, Buffer.from('\r\n')] };
}

/** What is appended to an item makes a new one, which has forgotten how its key was named. */
const modesOf = (key: string) => (BASE64_KEYS.includes(key) ? SET_MODES : MODES);
const MODES = ['MS', 'ME', 'MA', 'MP', 'MR', 'Ms', 'Me', 'Mx'];
const SET_MODES = ['MS', 'ME', 'MR', 'Ms'];

function metaDelete(random: Random, key: string): Command {
  const flags = some(random, ['q', 'k', ...staleness(key), `T${time(random)}`, random.of(OPAQUES)], 0.25);
  return line(random, 'md', key, '', [...flags, ...(random.chance(0.2) ? [token(random, key)] : [])]);
}

function metaArithmetic(random: Random, key: string): Command {
  // What is made quietly 1.6.18 tells all the same.
  const [vivify, quiet] = random.chance(0.5) ? [[`N${lasting(random)}`], []] : [[], ['q']];
  const flags = [
    ...some(random, [...vivify, `J${number(random)}`, `D${delta(random)}`], 0.3),
    // No time: 1.6.18 does not set it.
    ...some(random, [random.of(['MI', 'MD', 'M+', 'M-', 'Mi', 'Md', 'MX'])], 0.5),
    ...some(random, [...quiet, 't', 'v', random.of(OPAQUES)], 0.3),
    ...(random.chance(0.4) ? ['c', 'k'] : []),
    ...(random.chance(0.1) ? [token(random, key)] : []),
  ];
  return line(random, 'ma', key, '', flags);
}

const LINES = ['me', 'ms k1', 'ms k1 S2', 'mn', 'mn', 'mn q', 'mg k1 ', 'MG k1', 'me nosuch', 'mq', 'mx k1'];

/** Texts, and numbers apart from them (classic.ts says why). */
export const meta: Family = {
  name: 'meta',
  protocol: 'memcached',
  among: {
    share: 0.25,
    productions: () =>
      classic.productions.filter(
        ({ alone, needs }) => alone !== true && !needs.some(name => /^(touch|incr|decr)$/.test(name)),
      ),
  },
  productions: [
    production('mg', 20, random =>
      metaGet(random, random.chance(0.05) ? WORDS : random.of([anyText, numberKey])(random)),
    ),
    production('ms', 14, random => {
      const key = anyText(random);
      return metaSet(random, key, textValue(random), modesOf(key));
    }),
    production('ms', 1, random => metaSet(random, WORDS, textValue(random), SET_MODES)),
    production('ms', 6, random => metaSet(random, numberKey(random), Buffer.from(number(random)), SET_MODES)),
    production('md', 8, random =>
      metaDelete(random, random.chance(0.05) ? WORDS : random.of([anyText, numberKey])(random)),
    ),
    production('ma', 10, random => metaArithmetic(random, random.chance(0.1) ? WORDS : numberKey(random))),
    production('me', 2, random =>
      line(random, 'me', random.chance(0.05) ? WORDS : random.of([anyText, numberKey])(random), '', []),
    ),
    production('mg', 0.5, random => line(random, 'mg', numberKey(random), '', ['v', random.of(LONG_OPAQUES)])),
    production('mn', 2, random => text(`${random.of(LINES)}\r\n`)),
  ],
};
