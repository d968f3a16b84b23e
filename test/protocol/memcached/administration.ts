/** Commands for who runs the server. What they do is in test/limits/administration.test.ts. */
import type { Entry } from '../../harness/table.ts';
import { row, rows, step } from './dialect.ts';

const BAD_FORMAT = 'CLIENT_ERROR bad command line format\r\n';
const BAD_CLASS = 'BADCLASS invalid class id\r\n';

/** A row that changes the real server, or that 1.6.18 does not have. */
const ours = (name: string, send: string, expect: string | RegExp, why: string): Entry =>
  row(name, send, expect, { differs: { why, steps: null } });

export const administration: Entry[] = [
  row('lru_crawler alone', 'lru_crawler\r\n', 'ERROR\r\n'),
  row('lru_crawler with nonsense', 'lru_crawler foo\r\nlru_crawler foo bar\r\n', 'ERROR\r\nERROR\r\n'),
  row('lru_crawler metadump of no class', 'lru_crawler metadump\r\n', 'ERROR\r\n'),
  row('lru_crawler metadump of a class that is no number', 'lru_crawler metadump foo\r\n', BAD_CLASS),
  row('lru_crawler metadump of a wrong class', 'lru_crawler metadump 999\r\n', BAD_CLASS),
  row('lru_crawler metadump with too many words', 'lru_crawler metadump all x\r\n', 'ERROR\r\n'),
  row('lru_crawler sleep', 'lru_crawler sleep 100\r\nlru_crawler sleep x\r\n', `OK\r\n${BAD_FORMAT}`),
  row(
    'lru_crawler sleep for long',
    'lru_crawler sleep 9999999\r\n',
    'CLIENT_ERROR sleep must be one second or less\r\n',
  ),
  row('lru_crawler tocrawl', 'lru_crawler tocrawl 10\r\nlru_crawler tocrawl x\r\n', `OK\r\n${BAD_FORMAT}`),
  row('lru_crawler crawl', 'lru_crawler crawl all\r\n', 'OK\r\n', { alone: true }),
  row('lru_crawler crawl of a wrong class', 'lru_crawler crawl 999\r\nlru_crawler crawl x\r\n', BAD_CLASS + BAD_CLASS),
  ours('lru_crawler enable', 'lru_crawler enable\r\nlru_crawler disable\r\n', 'OK\r\nOK\r\n', 'stops its crawler'),
  ours('lru_crawler mgdump of a wrong class', 'lru_crawler mgdump x\r\n', BAD_CLASS, 'newer than 1.6.18'),
  {
    ...row('lru_crawler metadump', 'flush_all\r\nset {k}:x 5 0 3\r\nabc\r\nget {k}:x\r\n', /^OK/),
    steps: [
      step('flush_all\r\nset {k}:x 5 0 3\r\nabc\r\nget {k}:x\r\n', 'OK\r\nSTORED\r\nVALUE {k}:x 5 3\r\nabc\r\nEND\r\n'),
      step('lru_crawler metadump all\r\n', /^key={k}%3Ax exp=-1 la=\d{10} cas=\d+ fetch=yes cls=1 size=\d+\nEND\r\n$/),
      step('touch {k}:x 100\r\n', 'TOUCHED\r\n'),
      step(
        'lru_crawler metadump 1\r\n',
        /^key={k}%3Ax exp=\d{10} la=\d{10} cas=\d+ fetch=yes cls=1 size=\d+\nEND\r\n$/,
      ),
    ],
    alone: true,
    // It takes the connection away from its worker, and what is sent with the dump with it.
    differs: { why: 'memcached forgets what is pipelined behind a dump', steps: null },
  },

  row('slabs', 'slabs\r\nslabs foo\r\nslabs automove\r\nslabs reassign 1\r\n', 'ERROR\r\n'.repeat(4)),
  row('slabs automove', 'slabs automove 1\r\nslabs automove 7\r\nslabs automove x\r\n', `OK\r\nERROR\r\n${BAD_FORMAT}`),
  row('slabs reassign', 'slabs reassign 1 2\r\n', 'NOSPARE source class has no spare pages\r\n'),
  row('slabs reassign to the same', 'slabs reassign 1 1\r\n', 'SAME src and dst class are identical\r\n'),
  row('slabs reassign of nonsense', 'slabs reassign x y\r\n', BAD_FORMAT),

  row(
    'cache_memlimit of nonsense',
    'cache_memlimit\r\ncache_memlimit x\r\ncache_memlimit -5\r\ncache_memlimit 64 x y\r\n',
    'ERROR\r\n'.repeat(4),
  ),
  row(
    'cache_memlimit of too little',
    'cache_memlimit 7\r\n',
    'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n',
  ),
  row(
    'cache_memlimit in bytes',
    'cache_memlimit 99999999999\r\n',
    'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n',
  ),

  rows(
    'stats detail',
    [
      ['stats detail on\r\n', 'OK\r\n'],
      ['get {k}:a {k}:b none\r\n', 'END\r\n'],
      [
        'set {k}:a 0 0 1\r\nx\r\nadd {k}:a 0 0 1\r\nx\r\ngat 0 {k}:a\r\n',
        'STORED\r\nNOT_STORED\r\nVALUE {k}:a 0 1\r\nx\r\nEND\r\n',
      ],
      [
        'delete {k}:a\r\ndelete {k}:a\r\ntouch {k}:a 1\r\nincr {k}:a 1\r\n',
        'DELETED\r\nNOT_FOUND\r\nNOT_FOUND\r\nNOT_FOUND\r\n',
      ],
      ['stats detail off\r\n', 'OK\r\n'],
      ['get {k}:a\r\n', 'END\r\n'],
      ['stats detail dump\r\n', /^(PREFIX .*\r\n)*PREFIX {k} get 3 hit 1 set 2 del 2\r\n(PREFIX .*\r\n)*END\r\n$/],
    ],
    { alone: true },
  ),
  row(
    'stats detail of nonsense',
    'stats detail\r\nstats detail foo\r\n',
    'CLIENT_ERROR usage: stats detail on|off|dump\r\n'.repeat(2),
  ),
  row(
    'stats cachedump of too little',
    'stats cachedump\r\nstats cachedump 1\r\n',
    'CLIENT_ERROR bad command line\r\n'.repeat(2),
  ),
  row('stats cachedump of nonsense', 'stats cachedump x y\r\n', BAD_FORMAT),
  row('stats cachedump of a wrong class', 'stats cachedump 64 1\r\n', 'CLIENT_ERROR Illegal slab id\r\n'),
  row(
    'stats cachedump',
    'flush_all\r\nset {k} 0 0 2\r\nxy\r\nstats cachedump 1 10\r\n',
    'OK\r\nSTORED\r\nITEM {k} [2 b; 0 s]\r\nEND\r\n',
    { alone: true, differs: { why: 'memcached shows what was flushed, until it is found', steps: null } },
  ),
  row('stats conns', 'stats conns\r\n', /^(STAT \d+:(addr|listen_addr|state|secs_since_last_cmd) .+\r\n)+END\r\n$/),
  row('verbosity of much', 'verbosity 0\r\n', 'OK\r\n'),
  row('shutdown that is not allowed', 'shutdown\r\n', 'SERVER_ERROR: shutdown not enabled\r\n', {
    differs: { why: 'the text of the newest 1.6', steps: [step('shutdown\r\n', 'ERROR: shutdown not enabled\r\n')] },
  }),
  row('watch of nonsense', 'watch foo\r\n', 'ERROR\r\n'),
  row('watch of something and nonsense', 'watch fetchers foo\r\n', 'ERROR\r\n'),
];
