/** memcached's binary protocol: the session, and what is refused. */
import type { Entry } from '../../harness/table.ts';
import { packets, type Reply, type Request, storing, touching } from './packets.ts';

/** Requests that are answered with a failure, after which the connection is closed. */
const refused = (name: string, request: Request, failure: Reply['failure'] = 'invalid'): Entry =>
  packets(name, [request], [{ op: request.op, failure: failure as 'invalid' }], { closes: true });

export const binarySession: Entry[] = [
  packets('noop', [{ op: 'noop' }, { op: 'noop' }], [{ op: 'noop' }, { op: 'noop' }]),
  packets('quit', [{ op: 'quit' }], [{ op: 'quit' }], { closes: true }),
  packets('quitQ', [{ op: 'quitQ' }], [], { closes: true }),
  packets('nothing after quit', [{ op: 'quit' }, { op: 'noop' }], [{ op: 'quit' }], { closes: true }),
  packets('bad magic after a request', [{ op: 'noop' }, { op: 'noop', magic: 0x0a }], [{ op: 'noop' }], {
    closes: true,
  }),
  packets('verbosity is unknown', [{ op: 'verbosity' }], [{ op: 'verbosity', failure: 'unknown' }]),
  packets(
    'unknown opcodes',
    [{ op: 0x25 }, { op: 0x77 }, { op: 0xff }],
    [
      { op: 0x25, failure: 'unknown' },
      { op: 0x77, failure: 'unknown' },
      { op: 0xff, failure: 'unknown' },
    ],
  ),
  packets('an unknown opcode with a value', [{ op: 0x77, value: 'abcdef' }], [{ op: 0x77, failure: 'unknown' }]),
  packets(
    'an unknown opcode with a key',
    [{ op: 0x77, key: '{k}', extras: touching(1), value: 'abcdef' }],
    [{ op: 0x77, failure: 'unknown' }],
    { differs: { why: 'memcached skips the bytes of extras and key twice', steps: null } },
  ),
  packets(
    'SASL is unknown',
    [{ op: 'saslList' }, { op: 'saslAuth', key: 'PLAIN', value: '\0user\0secret' }],
    [
      { op: 'saslList', failure: 'unknown' },
      { op: 'saslAuth', failure: 'unknown' },
    ],
  ),
  refused('lengths that contradict each other', { op: 'get', key: '{k}', lengths: { body: 2 } }, 'unknown'),
  {
    ...refused('extras above the body', { op: 'get', lengths: { extras: 8 } }, 'unknown'),
    differs: { why: 'memcached waits for them first', steps: null },
  },
  refused('a key of 251 bytes', { op: 'get', key: 'k'.repeat(251) }),
  refused('get without a key', { op: 'get' }),
  refused('get with extras', { op: 'get', key: '{k}', extras: touching(1) }),
  refused('get with a value', { op: 'get', key: '{k}', value: 'v' }),
  refused('set without extras', { op: 'set', key: '{k}', value: 'v' }),
  refused('set without a key', { op: 'set', extras: storing(), value: 'v' }),
  refused('append with extras', { op: 'append', key: '{k}', extras: storing(), value: 'v' }),
  refused('delete with a value', { op: 'delete', key: '{k}', value: 'v' }),
  refused('increment without extras', { op: 'increment', key: '{k}' }),
  refused('touch without extras', { op: 'touch', key: '{k}' }),
  refused('flush with a key', { op: 'flush', key: '{k}' }),
  refused('noop with a body', { op: 'noop', value: 'v' }),
  refused('version with a body', { op: 'version', value: 'v' }),
  refused('stat with extras', { op: 'stat', extras: touching(1) }),
  packets('version', [{ op: 'version' }], [{ op: 'version', value: '1.6.18' }]),
  packets('stat of what there is not', [{ op: 'stat', key: 'nonsense' }], [{ op: 'stat', failure: 'notFound' }]),
  packets('stat reset', [{ op: 'stat', key: 'reset' }], [{ op: 'stat' }], { alone: true }),
];
