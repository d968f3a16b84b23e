/** RESP: what differs on purpose. */
import { joined, type Reply, textOf } from '../reply.ts';
import type { Pair, Rule, Situation } from '../rules.ts';

/** Milliseconds that two servers may differ in when the same time was given to both one after the other. */
const SLACK_MS = 5_000;

const named = ({ command }: Situation, ...names: readonly string[]) => names.includes(command?.name ?? '');
const sub = ({ command }: Situation) => command?.words?.[1]?.toString('latin1').toUpperCase();

/** Integers within a slack made the same. */
function near(slack: number, pair: Pair): Pair | undefined {
  const [one, other] = [/^:(\d+)\r\n$/.exec(joined(pair.ours)), /^:(\d+)\r\n$/.exec(joined(pair.theirs))];
  if (!one || !other || Math.abs(Number(one[1]) - Number(other[1])) > slack) return undefined;
  return { ours: pair.theirs, theirs: pair.theirs };
}

/** The same items in one order. */
function sorted({ ours, theirs }: Pair): Pair | undefined {
  const inOrder = (reply: Reply): Reply =>
    typeof reply === 'string' ? reply : { head: reply.head, items: reply.items.map(joined).sort() };
  return typeof ours === 'string' || typeof theirs === 'string'
    ? undefined
    : { ours: inOrder(ours), theirs: inOrder(theirs) };
}

/** What an iteration gave in all its rounds, in one order and each once; not its cursors. */
function gathered({ ours, theirs }: Pair): Pair | undefined {
  const all = (reply: Reply): Reply | undefined => {
    if (typeof reply === 'string' || reply.items.some(round => !isRound(round))) return undefined;
    const keys = reply.items.flatMap(round => {
      const list = typeof round === 'string' ? undefined : round.items[1];
      return typeof list === 'object' ? list.items.map(joined) : [];
    });
    return { head: 'all rounds', items: [...new Set(keys)].sort() };
  };
  const [one, other] = [all(ours), all(theirs)];
  return one && other ? { ours: one, theirs: other } : undefined;
}

const isRound = (round: Reply) =>
  typeof round !== 'string' && round.items.length === 2 && /^\d+$/.test(textOf(round.items[0]));

/** Fields of HELLO's map that each server has of its own. */
const OWN = new Set(['server', 'version', 'id']);

function withoutIdentity({ ours, theirs }: Pair): Pair | undefined {
  const stripped = (reply: Reply): Reply | undefined => {
    if (typeof reply === 'string') return undefined;
    const items = reply.items.map((item, index) => (OWN.has(textOf(reply.items[index - 1])) ? 'own' : item));
    return { head: reply.head, items };
  };
  const [one, other] = [stripped(ours), stripped(theirs)];
  return one && other ? { ours: one, theirs: other } : undefined;
}

/** Subscriptions that end together: each name with how many are left. */
function endedTogether({ ours, theirs }: Pair): Pair | undefined {
  const parted = (reply: Reply): Reply | undefined => {
    if (typeof reply === 'string' || reply.items.length < 2) return undefined;
    const column = (index: number) =>
      reply.items.map(item => (typeof item === 'string' ? item : joined(item.items[index] ?? ''))).sort();
    return { head: 'names and counts', items: [...column(0), ...column(1), ...column(2)] };
  };
  const [one, other] = [parted(ours), parted(theirs)];
  return one && other ? { ours: one, theirs: other } : undefined;
}

/** Messages of one publication by several patterns in one order. */
function patternsInOrder({ ours, theirs }: Pair): Pair | undefined {
  const inOrder = (reply: Reply): Reply => {
    if (typeof reply === 'string') return reply;
    const groups: string[][] = [];
    let before = '';
    for (const item of reply.items) {
      const publication =
        typeof item === 'string' || item.items.length !== 4 ? '' : item.items.slice(2).map(joined).join('');
      if (publication !== '' && publication === before) groups.at(-1)?.push(joined(item));
      else groups.push([joined(item)]);
      before = publication;
    }
    return { head: reply.head, items: groups.flatMap(group => group.sort()) };
  };
  return { ours: inOrder(ours), theirs: inOrder(theirs) };
}

/** Invalidations key by key, however many of them a message has. */
function keyByKey({ ours, theirs }: Pair): Pair | undefined {
  const single = (reply: Reply): Reply =>
    typeof reply === 'string'
      ? reply
      : {
          head: reply.head,
          items: reply.items.flatMap(item => {
            const [kind, keys] = typeof item === 'string' ? [] : item.items;
            return textOf(kind) === 'invalidate' && typeof keys === 'object' ? keys.items : [item];
          }),
        };
  return { ours: single(ours), theirs: single(theirs) };
}

export const respRules: readonly Rule[] = [
  {
    name: 'client ids',
    reason: 'each server numbers its connections; the same one must have the same number',
    protocol: 'resp',
    apply: (pair, situation) => {
      if (!named(situation, 'CLIENT') || sub(situation) !== 'ID') return undefined;
      const { ours, theirs } = pair;
      if (
        typeof ours !== 'string' ||
        typeof theirs !== 'string' ||
        !/^:\d+\r\n$/.test(ours) ||
        !/^:\d+\r\n$/.test(theirs)
      )
        return undefined;
      return situation.names.pair(ours, theirs, '')
        ? { ours: 'id', theirs: 'id' }
        : { ours: `another id ${ours}`, theirs };
    },
    always: true,
  },
  {
    name: 'times left',
    reason: 'the servers get a relative time one after the other',
    protocol: 'resp',
    apply: (pair, situation) => {
      if (named(situation, 'PTTL', 'PEXPIRETIME')) return near(SLACK_MS, pair);
      if (named(situation, 'TTL', 'EXPIRETIME')) return near(SLACK_MS / 1000, pair);
      if (named(situation, 'OBJECT') && sub(situation) === 'IDLETIME') return near(SLACK_MS / 1000, pair);
      return undefined;
    },
  },
  {
    name: 'identity',
    reason: 'HELLO tells name, version and id of the server that answers',
    protocol: 'resp',
    apply: (pair, situation) => (named(situation, 'HELLO') ? withoutIdentity(pair) : undefined),
  },
  {
    name: 'passwords',
    reason: 'with no password configured, none is checked: the other server knows a user without a password',
    protocol: 'resp',
    apply: (pair, situation) =>
      named(situation, 'HELLO', 'AUTH') &&
      /^-ERR AUTH /.test(joined(pair.ours)) &&
      /^(\+OK\r\n$|-WRONGPASS |-ERR AUTH <password> )/.test(joined(pair.theirs))
        ? { ours: 'refused', theirs: 'refused' }
        : undefined,
  },
  {
    name: 'times of GETEX',
    reason: 'Ringstone looks at the time first, as Valkey does; Redis 7.0 looks for a string first',
    protocol: 'resp',
    apply: (pair, situation) => {
      const refused = /^-ERR (invalid expire time in 'getex' command|value is not an integer or out of range)\r\n$/;
      const isNone = /^(\$-1\r\n|_\r\n|-WRONGTYPE .*\r\n)$/.test(joined(pair.theirs));
      return named(situation, 'GETEX') && refused.test(joined(pair.ours)) && isNone
        ? { ours: 'nothing', theirs: 'nothing' }
        : undefined;
    },
  },
  {
    name: 'order of keys',
    reason: 'neither server promises an order of KEYS',
    protocol: 'resp',
    apply: (pair, situation) => (named(situation, 'KEYS') ? sorted(pair) : undefined),
  },
  {
    name: 'rounds of an iteration',
    reason: "cursors, the order and how much one round gives are each server's own",
    protocol: 'resp',
    apply: (pair, situation) => (situation.command?.next ? gathered(pair) : undefined),
  },
  {
    name: 'RANDOMKEY',
    reason: 'it is random',
    protocol: 'resp',
    apply: (pair, situation) => {
      const isKey = (reply: Reply) => typeof reply === 'string' && /^\$\d/.test(reply);
      return named(situation, 'RANDOMKEY') && isKey(pair.ours) && isKey(pair.theirs)
        ? { ours: 'a key', theirs: 'a key' }
        : undefined;
    },
  },
  {
    name: 'invalidations together',
    reason: 'Redis puts the keys of one command into one message to clients with BCAST; Ringstone sends one for each',
    protocol: 'resp',
    apply: (pair, situation) => (named(situation, '(pushes)') ? keyByKey(pair) : undefined),
  },
  {
    name: 'order of subscriptions',
    reason: 'neither server promises an order of channels, of patterns, or of the messages by several patterns',
    protocol: 'resp',
    apply: (pair, situation) => {
      if (named(situation, 'UNSUBSCRIBE', 'PUNSUBSCRIBE')) return endedTogether(pair);
      if (named(situation, 'PUBSUB') && sub(situation) === 'CHANNELS') return sorted(pair);
      return named(situation, '(pushes)') ? patternsInOrder(pair) : undefined;
    },
  },
  {
    name: 'shared numbers',
    reason: 'Redis tells how often a value is referred to: it shares small numbers, and what a transaction holds',
    protocol: 'resp',
    apply: (pair, situation) => {
      const shared =
        named(situation, 'OBJECT') && sub(situation) === 'REFCOUNT' && /^:\d+\r\n$/.test(joined(pair.theirs));
      return shared && pair.ours === ':1\r\n' ? { ours: ':1', theirs: ':1' } : undefined;
    },
  },
  {
    name: 'bytes of a key',
    reason: 'each server stores it in its own way',
    protocol: 'resp',
    apply: (pair, situation) => {
      const isSize = (reply: Reply) => /^:[1-9]\d*\r\n$/.test(joined(reply));
      return named(situation, 'MEMORY') && sub(situation) === 'USAGE' && isSize(pair.ours) && isSize(pair.theirs)
        ? { ours: 'bytes', theirs: 'bytes' }
        : undefined;
    },
  },
  {
    name: 'encodings of strings',
    reason:
      'Redis remembers how a string came about; Ringstone says of the value itself what Redis would say of it after SET',
    protocol: 'resp',
    apply: (pair, situation) => {
      if (!named(situation, 'OBJECT') || sub(situation) !== 'ENCODING') return undefined;
      const [ours, theirs] = [textOf(pair.ours), textOf(pair.theirs)];
      return /^(int|embstr|raw)$/.test(ours) && /^(embstr|raw)$/.test(theirs) ? { ours: theirs, theirs } : undefined;
    },
  },
  {
    name: 'name of the limit',
    reason: 'the longest value is max_value_size, which is not called proto-max-bulk-len',
    protocol: 'resp',
    apply: ({ ours, theirs }) => {
      const limit = '-ERR string exceeds maximum allowed size';
      if (ours !== `${limit} (max_value_size)\r\n` || theirs !== `${limit} (proto-max-bulk-len)\r\n`) return undefined;
      return { ours: limit, theirs: limit };
    },
  },
];
