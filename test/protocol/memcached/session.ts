/** What concerns the connection and the server: version, verbosity, stats, quit, and lines that are no command. */
import type { Entry } from '../../harness/table.ts';
import { row, rows, step } from './dialect.ts';

const STATS = /^(STAT [^ \r\n]+ [^\r\n]*\r\n)+END\r\n$/;

/** The statistics that monitoring tools read. */
const GENERAL_STATS = [
  'pid',
  'uptime',
  'time',
  'version',
  'pointer_size',
  'rusage_user',
  'rusage_system',
  'max_connections',
  'curr_connections',
  'total_connections',
  'cmd_get',
  'cmd_set',
  'cmd_flush',
  'cmd_touch',
  'get_hits',
  'get_misses',
  'get_expired',
  'get_flushed',
  'delete_misses',
  'delete_hits',
  'incr_misses',
  'incr_hits',
  'decr_misses',
  'decr_hits',
  'cas_misses',
  'cas_hits',
  'cas_badval',
  'touch_hits',
  'touch_misses',
  'bytes_read',
  'bytes_written',
  'limit_maxbytes',
  'threads',
  'bytes',
  'curr_items',
  'total_items',
  'evictions',
  'reclaimed',
];
const HAS_GENERAL = new RegExp(
  `^${GENERAL_STATS.map(name => `(?=[\\s\\S]*STAT ${name} [^ \\r]+\\r\\n)`).join('')}${STATS.source.slice(1)}`,
);

/** Above what both servers take in a line that is no retrieval. */
const LONG_LINE = `set ${'y'.repeat(20_000)}`;

export const session: Entry[] = [
  row('version', 'version\r\n', /^VERSION \d+\.\d+\.\d+[^\r\n]*\r\n$/),
  row('verbosity', 'verbosity 1\r\nverbosity 0\r\n', 'OK\r\nOK\r\n'),
  row('verbosity with noreply', 'verbosity 1 noreply\r\n', ''),
  row('verbosity without a level', 'verbosity\r\n', 'ERROR\r\n'),
  row('verbosity with a level that is no number', 'verbosity abc\r\n', 'CLIENT_ERROR bad command line format\r\n'),
  row('stats', 'stats\r\n', HAS_GENERAL),
  row(
    'stats settings',
    'stats settings\r\n',
    /^(?=[\s\S]*STAT maxbytes \d+\r\n)(?=[\s\S]*STAT maxconns \d+\r\n)(?=[\s\S]*STAT evictions (on|off)\r\n)(?=[\s\S]*STAT num_threads \d+\r\n)(STAT [^ \r\n]+ [^\r\n]*\r\n)+END\r\n$/,
  ),
  row(
    'stats items',
    'set {k} 0 0 1\r\na\r\nstats items\r\n',
    /^STORED\r\n(?=[\s\S]*STAT items:\d+:number \d+\r\n)(STAT items:\d+:[a-z_0-9]+ \d+\r\n)+END\r\n$/,
  ),
  row(
    'stats slabs',
    'set {k} 0 0 1\r\na\r\nstats slabs\r\n',
    /^STORED\r\n(?=[\s\S]*STAT active_slabs \d+\r\n)(?=[\s\S]*STAT total_malloced \d+\r\n)(STAT (\d+:)?[a-z_]+ \d+\r\n)+END\r\n$/,
  ),
  row('stats sizes', 'stats sizes\r\n', STATS),
  row('stats reset', 'stats reset\r\n', 'RESET\r\n', { alone: true }),
  row('stats of an unknown kind', 'stats nonsense\r\n', 'ERROR\r\n'),
  rows(
    'statistics count',
    [
      ['get {k}\r\nstats\r\n', /^END\r\n[\s\S]*STAT get_misses (?<misses>\d+)\r\n/],
      ['get {k}\r\nstats\r\n', /^END\r\n[\s\S]*STAT get_misses (?!{misses}\r)\d+\r\n/],
    ],
    { alone: true },
  ),

  row('quit', 'quit\r\n', '', { closes: true }),
  row('a browser is hung up on', 'POST / HTTP/1.0\r\nversion\r\n', '', { closes: true }),
  row('quit after a reply', 'get {k}\r\nquit\r\nget {k}\r\n', 'END\r\n', { closes: true }),
  row('an unknown command', 'nonsense\r\nget {k}\r\n', 'ERROR\r\nEND\r\n'),
  row('an unknown command with words', 'nonsense {k} 0 0 1\r\n', 'ERROR\r\n'),
  row('an empty line', '\r\n', 'ERROR\r\n'),
  row('spaces only', '   \r\n', 'ERROR\r\n'),
  row('commands are lower case', 'SET {k} 0 0 1\r\n', 'ERROR\r\n'),
  row('a word that begins like a command', 'getx {k}\r\ngetsx {k}\r\nse {k}\r\n', 'ERROR\r\nERROR\r\nERROR\r\n'),
  row('a long line that is no retrieval ends the connection', LONG_LINE, 'CLIENT_ERROR line too long\r\n', {
    closes: true,
    coarse: true,
    differs: { why: 'memcached hangs up without a word', steps: [step(LONG_LINE, '')], closes: true },
  }),
  row('a long line with an end', `${LONG_LINE} 0 0 1\r\n`, 'CLIENT_ERROR line too long\r\n', {
    closes: true,
    coarse: true,
    differs: { why: 'memcached hangs up without a word', steps: [step(`${LONG_LINE} 0 0 1\r\n`, '')], closes: true },
  }),
  // memcached hangs up on this one too if it did not come in one read; Ringstone does not depend on how it came.
  row('a line above 2 KiB', `set ${'y'.repeat(3000)} 0 0 1\r\n`, 'CLIENT_ERROR bad command line format\r\n', {
    coarse: true,
  }),
  row('a line of very many keys', `get ${'absent '.repeat(50_000)}\r\n`, 'END\r\n', { coarse: true }),
  row(
    'a pipeline of every kind',
    'set {k} 0 0 1\r\n1\r\nget {k}\r\nincr {k} 1\r\nnonsense\r\ntouch {k} 0\r\nadd {k} 0 0 1\r\nx\r\ndelete {k}\r\nget {k}\r\n',
    'STORED\r\nVALUE {k} 0 1\r\n1\r\nEND\r\n2\r\nERROR\r\nTOUCHED\r\nNOT_STORED\r\nDELETED\r\nEND\r\n',
  ),
];
