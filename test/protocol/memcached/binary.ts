/** memcached's binary protocol. */
import type { Entry } from '../../harness/table.ts';
import { binarySession } from './binary-session.ts';
import { counting, exchange, number, packets, type Reply, type Request, storing, touching } from './packets.ts';

const FLAGS = 0xdeadbeef;
const PAST = 1_000_000_000;
const flags = (value: number) => touching(value);

const set = (value: string, more: Partial<Request> = {}): Request => ({
  op: 'set',
  key: '{k}',
  extras: storing(),
  value,
  ...more,
});
const wasSet: Reply = { op: 'set', cas: 'any' };
const get: Request = { op: 'get', key: '{k}' };
const got = (value: string, more: Partial<Reply> = {}): Reply => ({
  op: 'get',
  extras: flags(0),
  value,
  cas: 'any',
  ...more,
});
const noItem: Reply = { op: 'get', failure: 'notFound' };

const retrieval: Entry[] = [
  packets('get of nothing', [get], [noItem]),
  packets(
    'set and get',
    [set('value', { extras: storing(FLAGS) }), get],
    [wasSet, got('value', { extras: flags(FLAGS) })],
  ),
  packets('an empty value', [set(''), get], [wasSet, got('')]),
  packets('getK has the key', [set('v'), { op: 'getK', key: '{k}' }], [wasSet, got('v', { op: 'getK', key: '{k}' })]),
  packets(
    'getK of nothing has the key',
    [{ op: 'getK', key: '{k}' }],
    [{ op: 'getK', key: '{k}', failure: 'notFound' }],
  ),
  packets(
    'getQ is silent on a miss',
    [
      { op: 'getQ', key: '{k}' },
      { op: 'getKQ', key: '{k}' },
    ],
    [],
  ),
  packets(
    'getQ and getKQ answer a hit',
    [set('v'), { op: 'getQ', key: '{k}' }, { op: 'getKQ', key: '{k}' }],
    [wasSet, got('v', { op: 'getQ' }), got('v', { op: 'getKQ', key: '{k}' })],
  ),
  packets(
    'any byte in a key',
    [set('v', { key: '{k} \r\n\0\xff' }), { op: 'get', key: '{k} \r\n\0\xff' }],
    [wasSet, got('v')],
  ),
  {
    name: 'the token of set is the one of get',
    steps: [
      exchange([set('v')], [{ op: 'set', cas: { capture: 'token' } }]),
      exchange([get], [got('v', { cas: { same: 'token' } })]),
    ],
  },
];

const storage: Entry[] = [
  packets(
    'add',
    [set('a', { op: 'add' }), set('b', { op: 'add' }), get],
    [{ op: 'add', cas: 'any' }, { op: 'add', failure: 'exists' }, got('a')],
  ),
  packets(
    'replace',
    [set('a', { op: 'replace' }), set('b'), set('c', { op: 'replace' }), get],
    [{ op: 'replace', failure: 'notFound' }, wasSet, { op: 'replace', cas: 'any' }, got('c')],
  ),
  packets(
    'append and prepend',
    [
      set('b', { extras: storing(FLAGS) }),
      { op: 'append', key: '{k}', value: 'c' },
      { op: 'prepend', key: '{k}', value: 'a' },
      get,
    ],
    [wasSet, { op: 'append', cas: 'any' }, { op: 'prepend', cas: 'any' }, got('abc', { extras: flags(FLAGS) })],
  ),
  packets(
    'append and prepend to nothing',
    [
      { op: 'append', key: '{k}', value: 'c' },
      { op: 'prepend', key: '{k}', value: 'a' },
    ],
    [
      { op: 'append', failure: 'notStored' },
      { op: 'prepend', failure: 'notStored' },
    ],
  ),
  packets(
    'quiet storage is silent',
    [
      set('b', { op: 'setQ' }),
      set('c', { op: 'replaceQ' }),
      { op: 'appendQ', key: '{k}', value: 'd' },
      { op: 'prependQ', key: '{k}', value: 'a' },
      get,
      { op: 'deleteQ', key: '{k}' },
      set('x', { op: 'addQ' }),
      get,
    ],
    [got('acd'), got('x')],
  ),
  packets(
    'quiet storage tells of failures',
    [
      set('a', { op: 'replaceQ' }),
      { op: 'appendQ', key: '{k}', value: 'd' },
      { op: 'prependQ', key: '{k}', value: 'd' },
      set('a'),
      set('b', { op: 'addQ' }),
    ],
    [
      { op: 'replaceQ', failure: 'notFound' },
      { op: 'appendQ', failure: 'notStored' },
      { op: 'prependQ', failure: 'notStored' },
      wasSet,
      { op: 'addQ', failure: 'exists' },
    ],
  ),
  packets(
    'delete',
    [{ op: 'delete', key: '{k}' }, set('a'), { op: 'delete', key: '{k}' }, get],
    [{ op: 'delete', failure: 'notFound' }, wasSet, { op: 'delete' }, noItem],
  ),
  packets('deleteQ tells of a miss', [{ op: 'deleteQ', key: '{k}' }], [{ op: 'deleteQ', failure: 'notFound' }]),
  packets('a large value', [set('x'.repeat(300_000)), get], [wasSet, got('x'.repeat(300_000))], { coarse: true }),
];

/** Too long for all of their splits. */
export const largeBinary: Entry[] = [
  packets(
    'a value above the limit, after which the old one is gone',
    [set('old'), set('x'.repeat(8 * 1024 * 1024 + 1)), get],
    [wasSet, { op: 'set', failure: 'tooLarge' }, noItem],
    { coarse: true },
  ),
  packets(
    'an add above the limit leaves what is there',
    [set('old'), set('x'.repeat(8 * 1024 * 1024 + 1), { op: 'add' }), get],
    [wasSet, { op: 'add', failure: 'tooLarge' }, got('old')],
    { coarse: true },
  ),
];

/** After a set, with the token. */
const afterSet = (name: string, second: readonly Request[], replies: readonly Reply[]): Entry => ({
  name,
  steps: [exchange([set('v')], [{ op: 'set', cas: { capture: 'token' } }]), exchange(second, replies)],
});
const token = { cas: '{token}' };
const stale = { cas: '\x7f\0\0\0\0\0\0\x01' };

const tokens: Entry[] = [
  afterSet('set with the right token', [set('w', token), get], [wasSet, got('w')]),
  afterSet('set with a wrong token', [set('w', stale), get], [{ op: 'set', failure: 'exists' }, got('v')]),
  packets('set with a token of nothing', [set('w', stale)], [{ op: 'set', failure: 'notFound' }]),
  packets('add with a token of nothing', [set('w', { op: 'add', ...stale })], [{ op: 'add', failure: 'notFound' }]),
  afterSet(
    'add with the right token stores',
    [set('w', { op: 'add', ...token }), get],
    [{ op: 'add', cas: 'any' }, got('w')],
  ),
  afterSet(
    'replace with a wrong token',
    [set('w', { op: 'replace', ...stale })],
    [{ op: 'replace', failure: 'exists' }],
  ),
  afterSet(
    'append with the right token',
    [{ op: 'append', key: '{k}', value: 'w', ...token }, get],
    [{ op: 'append', cas: 'any' }, got('vw')],
  ),
  afterSet(
    'append with a wrong token',
    [{ op: 'append', key: '{k}', value: 'w', ...stale }, get],
    [{ op: 'append', failure: 'exists' }, got('v')],
  ),
  packets(
    'append with a token of nothing',
    [{ op: 'append', key: '{k}', value: 'w', ...stale }],
    [{ op: 'append', failure: 'notStored' }],
  ),
  afterSet(
    'delete with a wrong token',
    [{ op: 'delete', key: '{k}', ...stale }, get],
    [{ op: 'delete', failure: 'exists' }, got('v')],
  ),
  afterSet('delete with the right token', [{ op: 'delete', key: '{k}', ...token }, get], [{ op: 'delete' }, noItem]),
  {
    name: 'increment with a token',
    steps: [
      exchange([set('5')], [{ op: 'set', cas: { capture: 'token' } }]),
      exchange(
        [
          { op: 'increment', key: '{k}', extras: counting(1), ...stale },
          { op: 'increment', key: '{k}', extras: counting(1), ...token },
        ],
        [
          { op: 'increment', failure: 'exists' },
          { op: 'increment', value: number(6), cas: 'any' },
        ],
      ),
    ],
  },
];

const increment = (delta: number | bigint, ...rest: [initial?: number | bigint, exptime?: number]): Request => ({
  op: 'increment',
  key: '{k}',
  extras: counting(delta, ...rest),
});
const decrement = (delta: number | bigint, ...rest: [initial?: number | bigint, exptime?: number]): Request => ({
  ...increment(delta, ...rest),
  op: 'decrement',
});
const counted = (op: 'increment' | 'decrement', value: number | bigint): Reply => ({
  op,
  value: number(value),
  cas: 'any',
});
const LARGEST = 2n ** 64n - 1n;

const arithmetic: Entry[] = [
  packets(
    'increment and decrement',
    [set('10'), increment(5), decrement(3), get],
    [wasSet, counted('increment', 15), counted('decrement', 12), got('12')],
  ),
  packets(
    'increment of nothing',
    [increment(1), decrement(1)],
    [
      { op: 'increment', failure: 'notFound' },
      { op: 'decrement', failure: 'notFound' },
    ],
  ),
  packets(
    'an increment that creates',
    [increment(1, 42, 0), increment(1, 7, 0), get],
    [counted('increment', 42), counted('increment', 43), got('43')],
  ),
  packets(
    'a decrement that creates',
    [decrement(1, LARGEST, 100), decrement(1, 0, 0)],
    [counted('decrement', LARGEST), counted('decrement', LARGEST - 1n)],
  ),
  packets(
    'an increment that creates what has expired',
    [increment(1, 42, PAST), get],
    [counted('increment', 42), noItem],
  ),
  packets(
    'increment wraps, decrement stops at 0',
    [set(String(LARGEST)), increment(2), decrement(5)],
    [wasSet, counted('increment', 1), counted('decrement', 0)],
  ),
  packets(
    'not a number',
    [set('abc'), increment(1), decrement(1), get],
    [wasSet, { op: 'increment', failure: 'nonNumeric' }, { op: 'decrement', failure: 'nonNumeric' }, got('abc')],
  ),
  packets(
    'quiet ones',
    [set('1'), { ...increment(4), op: 'incrementQ' }, { ...decrement(2), op: 'decrementQ' }, get],
    [wasSet, got('3')],
  ),
  packets(
    'quiet ones that fail',
    [
      { ...increment(4), op: 'incrementQ' },
      { ...decrement(2), op: 'decrementQ' },
    ],
    [
      { op: 'incrementQ', failure: 'notFound' },
      { op: 'decrementQ', failure: 'notFound' },
    ],
  ),
];

const lifetime: Entry[] = [
  packets('an absolute time in the past', [set('v', { extras: storing(0, PAST) }), get], [wasSet, noItem]),
  packets('the latest time there is', [set('v', { extras: storing(0, 0xffffffff) }), get], [wasSet, got('v')]),
  packets(
    'touch',
    [set('v', { extras: storing(FLAGS) }), { op: 'touch', key: '{k}', extras: touching(100) }, get],
    [wasSet, { op: 'touch', extras: flags(FLAGS), cas: 'any' }, got('v', { extras: flags(FLAGS) })],
  ),
  packets(
    'touch into the past',
    [set('v'), { op: 'touch', key: '{k}', extras: touching(PAST) }, get],
    [wasSet, { op: 'touch', extras: flags(0), cas: 'any' }, noItem],
  ),
  packets(
    'touch of nothing',
    [{ op: 'touch', key: '{k}', extras: touching(1) }],
    [{ op: 'touch', failure: 'notFound' }],
  ),
  packets(
    'gat, gatK and their quiet ones',
    [
      set('v'),
      ...(['gat', 'gatQ', 'gatK', 'gatKQ'] as const).map(op => ({ op, key: '{k}', extras: touching(100) })),
      { op: 'gat', key: '{k}', extras: touching(PAST) },
      get,
    ],
    [
      wasSet,
      got('v', { op: 'gat' }),
      got('v', { op: 'gatQ' }),
      got('v', { op: 'gatK', key: '{k}' }),
      got('v', { op: 'gatKQ', key: '{k}' }),
      got('v', { op: 'gat' }),
      noItem,
    ],
  ),
  packets(
    'gat of nothing',
    (['gat', 'gatQ', 'gatK', 'gatKQ'] as const).map(op => ({ op, key: '{k}', extras: touching(100) })),
    [
      { op: 'gat', failure: 'notFound' },
      { op: 'gatK', key: '{k}', failure: 'notFound' },
    ],
  ),
  packets('flush', [set('v'), { op: 'flush' }, get], [wasSet, { op: 'flush' }, noItem], { alone: true }),
  packets(
    'flush now and later',
    [set('v'), { op: 'flush', extras: touching(100) }, get, { op: 'flushQ' }, get],
    [wasSet, { op: 'flush' }, got('v'), noItem],
    { alone: true },
  ),
];

export const binary: Entry[] = [...retrieval, ...storage, ...tokens, ...arithmetic, ...lifetime, ...binarySession];
