/** memcached's text and binary protocols: what differs on purpose. */
import { joined, type Reply } from '../reply.ts';
import type { Pair, Rule, Situation } from '../rules.ts';

/** Seconds that two servers may differ in when the same time was given to both: one counts whole seconds of its own. */
const SLACK_S = 5;

const head = (reply: Reply) => (typeof reply === 'string' ? reply : reply.head);
const data = (reply: Reply) => (typeof reply === 'string' ? undefined : reply.items[0]);

function withHead(reply: Reply, text: string): Reply {
  return typeof reply === 'string' ? text : { head: text, items: reply.items };
}

/** The token in a line: the fifth word of VALUE, the flag `c` of a meta reply. */
const TOKEN = /^(VALUE \S+ \d+ \d+ |(?:HD|VA \d+)(?: (?!c\d)\S+)* c)(\d+)(.*\r\n)$/s;

function renamed({ ours, theirs }: Pair, { names }: Situation): Pair | undefined {
  const [one, other] = [TOKEN.exec(head(ours)), TOKEN.exec(head(theirs))];
  if (!one || !other) return undefined;
  const key = /^VALUE (\S+) /.exec(head(ours))?.[1] ?? / k(\S+)/.exec(head(ours))?.[1];
  const known = names.pair(one[2] ?? '', other[2] ?? '', key);
  return {
    ours: withHead(ours, `${one[1]}${known ? 'token' : `another token (${one[2]})`}${one[3]}`),
    theirs: withHead(theirs, `${other[1]}token${known ? '' : ` (${other[2]})`}${other[3]}`),
  };
}

const META = /^(?:HD|VA \d+|EN|NF|NS|EX|MN) /;

/** Words of a meta reply with times that are nearly the same made the same. */
function nearTimes({ ours, theirs }: Pair): Pair | undefined {
  if (!META.test(head(ours)) || !META.test(head(theirs))) return undefined;
  const wanted = head(theirs).trimEnd().split(' ');
  const words = head(ours).trimEnd().split(' ');
  let changed = false;
  const near = words.map((word, index) => {
    const other = wanted[index] ?? '';
    const [one, two] = [/^[tl](\d+)$/.exec(word), /^[tl](\d+)$/.exec(other)];
    if (!one || !two || word === other || word[0] !== other[0]) return word;
    if (Math.abs(Number(one[1]) - Number(two[1])) > SLACK_S) return word;
    changed = true;
    return other;
  });
  return changed ? { ours: withHead(ours, `${near.join(' ')}\r\n`), theirs } : undefined;
}

const FAULTS =
  /^CLIENT_ERROR (duplicate flag|invalid flag|error decoding key|bad token in command line format|bad command line format|invalid numeric .* value)\r\n$/;

const ITEM = /^ME (\S+) exp=(-?\d+) la=(\d+) cas=(\d+) fetch=(\S+) cls=\d+ size=\d+\r\n$/;

/** `me`: the token by name, times nearly the same, nothing else. */
function sameItem({ ours, theirs }: Pair, { names }: Situation): Pair | undefined {
  const [one, other] = [ITEM.exec(joined(ours)), ITEM.exec(joined(theirs))];
  if (!one || !other) return undefined;
  // memcached's time left has its sign the wrong way round.
  const isNear = (index: number) => Math.abs(Math.abs(Number(one[index])) - Math.abs(Number(other[index]))) <= SLACK_S;
  if (!isNear(2) || !isNear(3) || !names.pair(one[4] ?? '', other[4] ?? '', one[1])) return undefined;
  return { ours: `item ${one[1]}`, theirs: `item ${other[1]}` };
}

const PADDED = /^(\d+) +\r\n$/;
const LENGTH = /^(VALUE \S+ \d+ |VA )(\d+)/;

/** memcached's padded number without its spaces, and the lengths of it too. */
function unpadded({ ours, theirs }: Pair): Pair | undefined {
  const value = data(theirs);
  const [, digits] = (typeof value === 'string' && PADDED.exec(value)) || [];
  if (typeof theirs === 'string' || digits === undefined || joined(data(ours) ?? '') !== `${digits}\r\n`)
    return undefined;
  const text = theirs.head
    .replace(LENGTH, (_, before: string) => before + digits.length)
    .replace(/^(VA .*) s\d+/, (_, before: string) => `${before} s${digits.length}`);
  return { ours, theirs: { head: text, items: [`${digits}\r\n`] } };
}

/** Bytes of a binary header before and with the token. */
const [BEFORE_TOKEN, WITH_TOKEN] = [16, 24];
const NO_TOKEN = '\0'.repeat(8);

/** The binary protocol: tokens in headers. The opaque says whose. */
function renamedBinary({ ours, theirs }: Pair, { names }: Situation): Pair | undefined {
  const token = (reply: Reply) => head(reply).slice(BEFORE_TOKEN, WITH_TOKEN);
  if (typeof ours === 'string' || typeof theirs === 'string') return undefined;
  const [one, other] = [token(ours), token(theirs)];
  if (one === NO_TOKEN || other === NO_TOKEN) return undefined;
  const digits = (text: string) => Buffer.from(text, 'latin1').readBigUInt64BE().toString();
  const key = String(Buffer.from(ours.head, 'latin1').readUInt32BE(12));
  const known = names.pair(digits(one), digits(other), key);
  const named = (reply: Reply, name: string) => withHead(reply, `${head(reply).slice(0, BEFORE_TOKEN)}${name}`);
  return { ours: named(ours, known ? 'token' : `another token (${digits(one)})`), theirs: named(theirs, 'token') };
}

/** The same for a value in a reply of the binary protocol. */
function unpaddedBinary({ ours, theirs }: Pair): Pair | undefined {
  if (typeof ours === 'string' || typeof theirs === 'string') return undefined;
  const body = joined(theirs.items[0] ?? '');
  const digits = /^([\s\S]*?\d) +$/.exec(body)?.[1];
  if (digits === undefined || joined(ours.items[0] ?? '') !== digits) return undefined;
  const header = Buffer.from(theirs.head, 'latin1');
  header.writeUInt32BE(digits.length, 8);
  return { ours, theirs: { head: header.toString('latin1'), items: [digits] } };
}

export const memcachedRules: readonly Rule[] = [
  {
    name: 'tokens',
    reason: 'each server makes CAS tokens of its own; where one gives the same or another, so must the other',
    protocol: 'memcached',
    always: true,
    apply: renamed,
  },
  {
    name: 'times of the meta commands',
    byChance: true,
    reason: 'memcached counts whole seconds from its own start',
    protocol: 'memcached',
    apply: nearTimes,
  },
  {
    name: 'faults of flags',
    reason: 'the newest memcached says which flag is wrong, as Ringstone does',
    protocol: 'memcached',
    apply: ({ ours, theirs }) =>
      theirs === 'CLIENT_ERROR invalid or duplicate flag\r\n' && FAULTS.test(joined(ours))
        ? { ours: theirs, theirs }
        : undefined,
  },
  {
    name: 'me',
    reason: 'it tells the class and size that an item has in memcached itself, the time left with a minus, and `fetch`',
    protocol: 'memcached',
    apply: sameItem,
  },
  {
    name: 'shorter numbers',
    reason: 'memcached keeps the length of a number that became shorter, with spaces',
    protocol: 'memcached',
    apply: unpadded,
  },
  {
    name: 'tokens (binary)',
    reason: 'as `tokens`',
    protocol: 'binary',
    always: true,
    apply: renamedBinary,
  },
  {
    name: 'shorter numbers (binary)',
    reason: 'as `shorter numbers`',
    protocol: 'binary',
    apply: unpaddedBinary,
  },
];
