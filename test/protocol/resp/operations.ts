/** CONFIG, SLOWLOG, LATENCY, MEMORY, DEBUG, CLUSTER, and the sections of INFO. */
import { bulk, error, int, map, NIL, OK } from '../../harness/resp.ts';
import type { Entry } from '../../harness/table.ts';
import { row, step } from './dialect.ts';

const arity = (name: string) => error(`ERR wrong number of arguments for '${name}' command`);
const unknown = (container: string) => error(`ERR unknown subcommand 'NONSENSE'. Try ${container} HELP.`);
const refused = (name: string, why: string) =>
  error(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`);
const NO_CLUSTER = error('ERR This instance has cluster support disabled');
/** One entry of SLOWLOG GET: id, time, microseconds, words, address, name. */
const ENTRY =
  ':\\d+\\r\\n:\\d+\\r\\n:\\d+\\r\\n\\*\\d+\\r\\n(\\$\\d+\\r\\n[^\\r]*\\r\\n)+\\$\\d+\\r\\n[^\\r]*\\r\\n\\$\\d+\\r\\n[^\\r]*\\r\\n';
const help = (container: string, line: string) =>
  new RegExp(
    `^\\*\\d+\\r\\n\\+${container} <subcommand> \\[<arg> \\[value\\] \\[opt\\] \\.\\.\\.\\]\\. Subcommands are:\\r\\n(\\+[^\\r]+\\r\\n)*\\+${line}\\r\\n(\\+[^\\r]+\\r\\n)*\\+HELP\\r\\n\\+ {4}Prints? this help\\.\\r\\n$`,
  );

const config: Entry[] = [
  row('CONFIG GET', [
    ['CONFIG GET databases', /^(\*2|%1)\r\n\$9\r\ndatabases\r\n\$\d+\r\n\d+\r\n$/],
    ['CONFIG GET save', map(bulk('save'), bulk(''))],
    ['CONFIG GET appendonly', map(bulk('appendonly'), bulk('no'))],
    ['CONFIG GET nonsense', map()],
    ['CONFIG GET appendonly appendonly appendonl?', map(bulk('appendonly'), bulk('no'))],
    ['CONFIG GET cluster-enable[d]', map(bulk('cluster-enabled'), bulk('no'))],
    ['CONFIG GET port', /^(\*2|%1)\r\n\$4\r\nport\r\n\$\d\r\n[1-9]\d{3,4}\r\n$/],
    ['CONFIG GET proto-max-bulk-len', map(bulk('proto-max-bulk-len'), bulk('536870912'))],
    ['CONFIG GET maxclients', /^(\*2|%1)\r\n\$10\r\nmaxclients\r\n\$\d+\r\n\d+\r\n$/],
    ['CONFIG GET timeout', map(bulk('timeout'), bulk('0'))],
    [
      'CONFIG GET maxmem*',
      /^[*%]\d+\r\n(?=[\s\S]*\$16\r\nmaxmemory-policy\r\n)(?=[\s\S]*\$9\r\nmaxmemory\r\n\$\d+\r\n\d+\r\n)/,
    ],
  ]),
  row(
    'CONFIG GET of one that only Ringstone has so',
    [['CONFIG GET enable-debug-command', map(bulk('enable-debug-command'), bulk('local'))]],
    {
      differs: { why: 'DEBUG SLEEP is open to this machine', steps: null },
    },
  ),
  row(
    'CONFIG SET',
    [
      ['CONFIG SET slowlog-max-len 77', OK],
      ['CONFIG GET slowlog-max-len', map(bulk('slowlog-max-len'), bulk('77'))],
      ['CONFIG SET SLOWLOG-MAX-LEN 128 latency-monitor-threshold 5', OK],
      ['CONFIG GET slowlog-max-len latency-mon*', /\$3\r\n128\r\n/],
      ['CONFIG GET latency-monitor-threshold', map(bulk('latency-monitor-threshold'), bulk('5'))],
      ['CONFIG SET latency-monitor-threshold 0', OK],
      ['CONFIG SET slowlog-log-slower-than -1', OK],
      ['CONFIG GET slowlog-log-slower-than', map(bulk('slowlog-log-slower-than'), bulk('-1'))],
      ['CONFIG SET slowlog-log-slower-than 10000', OK],
    ],
    { alone: true },
  ),
  row(
    'CONFIG SET changes all or nothing',
    [
      ['CONFIG SET slowlog-max-len 55 databases 2', refused('databases', "can't set immutable config")],
      [
        'CONFIG SET slowlog-max-len 55 nonsense 2',
        error("ERR Unknown option or number of arguments for CONFIG SET - 'nonsense'"),
      ],
      ['CONFIG SET slowlog-max-len 55 slowlog-max-len 56', refused('slowlog-max-len', 'duplicate parameter')],
      ['CONFIG SET slowlog-max-len 55 x', error('ERR syntax error')],
      ['CONFIG GET slowlog-max-len', map(bulk('slowlog-max-len'), bulk('128'))],
    ],
    { alone: true },
  ),
  row('CONFIG SET of what it refuses', [
    [
      'CONFIG SET slowlog-log-slower-than x',
      refused('slowlog-log-slower-than', "argument couldn't be parsed into an integer"),
    ],
    [
      'CONFIG SET latency-monitor-threshold -1',
      refused('latency-monitor-threshold', 'argument must be between 0 and 9223372036854775807 inclusive'),
    ],
    ['CONFIG SET cluster-enabled yes', refused('cluster-enabled', "can't set immutable config")],
  ]),
  row(
    'CONFIG SET of a log that would be too long',
    [['CONFIG SET slowlog-max-len -1', refused('slowlog-max-len', 'argument must be between 0 and 16384 inclusive')]],
    {
      differs: {
        why: 'the log has a bound',
        steps: [
          step(
            'CONFIG SET slowlog-max-len -1',
            refused('slowlog-max-len', 'argument must be between 0 and 9223372036854775807 inclusive'),
          ),
        ],
      },
    },
  ),
  row(
    'CONFIG SET of what stays as it was started',
    [
      ['CONFIG SET port 1', refused('port', "can't set immutable config")],
      ['CONFIG SET appendonly yes', refused('appendonly', "can't set immutable config")],
      ['CONFIG SET timeout 10', refused('timeout', "can't set immutable config")],
    ],
    { differs: { why: 'Redis can change them while it serves', steps: null } },
  ),
  row(
    'CONFIG SET maxmemory',
    [
      ['CONFIG SET maxmemory 48mb', OK],
      ['CONFIG GET maxmemory', map(bulk('maxmemory'), bulk(String(48 << 20)))],
      ['INFO memory', new RegExp(`maxmemory:${48 << 20}\\r\\n`)],
      ['CONFIG SET maxmemory 64mb', OK],
      ['CONFIG SET maxmemory x', refused('maxmemory', 'argument must be a memory value')],
      ['CONFIG SET maxmemory -1', refused('maxmemory', 'argument must be a memory value')],
    ],
    { alone: true },
  ),
  row(
    'CONFIG SET maxmemory to what cannot be',
    [
      [
        'CONFIG SET maxmemory 0',
        /^-ERR CONFIG SET failed \(possibly related to argument 'maxmemory'\) - argument must be between \d+ and \d+ inclusive\r\n$/,
      ],
    ],
    { alone: true, differs: { why: 'there is always a limit; Redis takes 0 for none', steps: null } },
  ),
  row('CONFIG REWRITE', [['CONFIG REWRITE', error('ERR The server is running without a config file')]]),
  row('CONFIG HELP', [['CONFIG HELP', help('CONFIG', 'RESETSTAT')]]),
  row('CONFIG as it must not be', [
    ['CONFIG', arity('config')],
    ['CONFIG GET', arity('config|get')],
    ['CONFIG SET a', arity('config|set')],
    ['CONFIG RESETSTAT x', arity('config|resetstat')],
    ['CONFIG NONSENSE', unknown('CONFIG')],
  ]),
  row(
    'CONFIG RESETSTAT',
    [
      ['SET {k} 1', OK],
      ['GET {k}', bulk('1')],
      ['INFO stats', /keyspace_hits:[1-9]/],
      ['CONFIG RESETSTAT', OK],
      ['INFO stats', /keyspace_hits:0\r\nkeyspace_misses:0\r\n/],
      ['GET {k}', bulk('1')],
      ['GET {k}.none', NIL],
      ['INFO stats', /keyspace_hits:1\r\nkeyspace_misses:1\r\n/],
      ['INFO commandstats', /cmdstat_get:calls=2,usec=\d+,usec_per_call=\d+\.\d\d/],
      ['INFO errorstats', /# Errorstats\r\n(\r\n)?$/],
      ['GET', arity('get')],
      ['INFO errorstats', /# Errorstats\r\nerrorstat_ERR:count=1\r\n/],
      ['INFO stats', /total_error_replies:1\r\n/],
    ],
    { alone: true },
  ),
];

const slow: Entry[] = [
  row(
    'SLOWLOG',
    [
      [
        {
          raw: `CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3\r\nSLOWLOG RESET\r\nSET {k} ${'y'.repeat(130)}\r\nEXISTS {k}1 {k}2 {k}3 {k}4\r\nCONFIG SET slowlog-log-slower-than -1\r\n`,
        },
        /^\+OK\r\n\+OK\r\n\+OK\r\n:0\r\n\+OK\r\n$/,
      ],
      ['SLOWLOG LEN', int(3)],
      ['SLOWLOG GET', new RegExp(`^\\*3\\r\\n(\\*6\\r\\n${ENTRY}){3}$`)],
      ['SLOWLOG GET 1', new RegExp(`^\\*1\\r\\n\\*6\\r\\n${ENTRY}$`)],
      ['SLOWLOG GET -1', new RegExp(`^\\*3\\r\\n(\\*6\\r\\n${ENTRY}){3}$`)],
      ['SLOWLOG GET 0', '*0\r\n'],
      ['SLOWLOG GET 3', /\$3\r\nSET\r\n\$8\r\n{k}\r\n\$146\r\ny{128}\.\.\. \(2 more bytes\)\r\n/],
      ['SLOWLOG GET 3', /\*5\r\n\$6\r\nEXISTS\r\n\$9\r\n{k}1\r\n/],
      ['SLOWLOG RESET', OK],
      ['SLOWLOG LEN', int(0)],
      ['CONFIG SET slowlog-log-slower-than 10000 slowlog-max-len 128', OK],
    ],
    { alone: true, coarse: true },
  ),
  row(
    'SLOWLOG has the commands of a transaction',
    [
      [
        {
          raw: 'CONFIG SET slowlog-log-slower-than 0\r\nSLOWLOG RESET\r\nMULTI\r\nSET {k} 1\r\nEXEC\r\nCONFIG SET slowlog-log-slower-than -1\r\n',
        },
        /^\+OK\r\n\+OK\r\n\+OK\r\n\+QUEUED\r\n\*1\r\n\+OK\r\n\+OK\r\n$/,
      ],
      ['SLOWLOG GET -1', /\*3\r\n\$3\r\nSET\r\n\$8\r\n{k}\r\n\$1\r\n1\r\n/],
      ['SLOWLOG GET -1', /^((?!EXEC)[\s\S])*$/],
      ['SLOWLOG RESET', OK],
      ['CONFIG SET slowlog-log-slower-than 10000', OK],
    ],
    { alone: true, coarse: true },
  ),
  row('SLOWLOG as it must not be', [
    ['SLOWLOG', arity('slowlog')],
    ['SLOWLOG GET -2', error('ERR count should be greater than or equal to -1')],
    ['SLOWLOG GET x', error('ERR count should be greater than or equal to -1')],
    ['SLOWLOG GET 1 2', error("ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.")],
    ['SLOWLOG LEN x', arity('slowlog|len')],
    ['SLOWLOG NONSENSE', unknown('SLOWLOG')],
    ['SLOWLOG HELP', help('SLOWLOG', 'LEN')],
  ]),
  row(
    'LATENCY',
    [
      ['LATENCY RESET', /^:\d\r\n$/],
      ['LATENCY LATEST', '*0\r\n'],
      ['LATENCY HISTORY command', '*0\r\n'],
      ['LATENCY HISTORY nonsense', '*0\r\n'],
      ['LATENCY RESET nonsense command', int(0)],
      ['LATENCY HELP', help('LATENCY', 'LATEST')],
      ['LATENCY HISTORY', arity('latency|history')],
      ['LATENCY LATEST x', arity('latency|latest')],
      ['LATENCY NONSENSE', unknown('LATENCY')],
    ],
    { alone: true },
  ),
  row('LATENCY HISTOGRAM', [
    ['SET {k} 1', OK],
    [
      'LATENCY HISTOGRAM set',
      /^(\*2|%1)\r\n\$3\r\nset\r\n(\*4|%2)\r\n\$5\r\ncalls\r\n:[1-9]\d*\r\n\$14\r\nhistogram_usec\r\n[*%]\d+\r\n(:\d+\r\n:\d+\r\n)+$/,
    ],
    ['LATENCY HISTOGRAM nonsense', map()],
  ]),
  row(
    'LATENCY of an event',
    [
      ['CONFIG SET latency-monitor-threshold 1', OK],
      ['LATENCY RESET', /^:\d\r\n$/],
      ['DEBUG SLEEP 0.01', OK],
      ['LATENCY LATEST', /^\*1\r\n\*4\r\n\$7\r\ncommand\r\n:\d{10}\r\n:\d{2,}\r\n:\d{2,}\r\n$/],
      ['LATENCY HISTORY command', /^\*[12]\r\n(\*2\r\n:\d{10}\r\n:\d{2,}\r\n)+$/],
      ['CONFIG SET latency-monitor-threshold 0', OK],
      ['LATENCY RESET command', int(1)],
      ['LATENCY LATEST', '*0\r\n'],
    ],
    {
      alone: true,
      coarse: true,
      differs: { why: 'the redis-server of the tests has DEBUG switched off', steps: null },
    },
  ),
];

const memory: Entry[] = [
  row(
    'MEMORY USAGE',
    [
      ['SET {k} 0123456789', OK],
      ['MEMORY USAGE {k}', /^:[3-9]\d\r\n$/],
      ['MEMORY USAGE {k} SAMPLES 0', /^:[3-9]\d\r\n$/],
      ['MEMORY USAGE {k}.none', NIL],
      [['SET', '{k}', 'z'.repeat(100_000)], OK],
      ['MEMORY USAGE {k}', /^:1[0-9]{5}\r\n$/],
      ['MEMORY USAGE {k} SAMPLES x', error('ERR value is not an integer or out of range')],
      ['MEMORY USAGE {k} SAMPLES -1', error('ERR syntax error')],
      ['MEMORY USAGE {k} SAMPLES', error('ERR syntax error')],
      ['MEMORY USAGE {k} NONSENSE 1', error('ERR syntax error')],
      ['MEMORY USAGE', arity('memory|usage')],
    ],
    { coarse: true },
  ),
  row('MEMORY STATS', [['MEMORY STATS', /\$15\r\ntotal\.allocated\r\n:\d+\r\n[\s\S]*\$10\r\nkeys\.count\r\n:\d+\r\n/]]),
  row('MEMORY and the rest of it', [
    ['MEMORY PURGE', OK],
    ['MEMORY HELP', help('MEMORY', 'STATS')],
    ['MEMORY PURGE x', arity('memory|purge')],
    ['MEMORY NONSENSE', unknown('MEMORY')],
  ]),
];

const others: Entry[] = [
  row('CLUSTER', [
    ['CLUSTER INFO', NO_CLUSTER],
    ['CLUSTER KEYSLOT a', NO_CLUSTER],
    ['CLUSTER SLOTS', NO_CLUSTER],
    ['CLUSTER MYID', NO_CLUSTER],
    ['CLUSTER KEYSLOT', arity('cluster|keyslot')],
    ['CLUSTER NONSENSE', unknown('CLUSTER')],
  ]),
  row(
    'DEBUG',
    [
      ['DEBUG SLEEP 0', OK],
      ['DEBUG SLEEP 11', error('ERR DEBUG SLEEP takes 0 to 10 seconds')],
      ['DEBUG SLEEP x', error('ERR DEBUG SLEEP takes 0 to 10 seconds')],
      ['DEBUG HELP', help('DEBUG', 'SLEEP <seconds>')],
      ['DEBUG NONSENSE', error("ERR unknown subcommand or wrong number of arguments for 'NONSENSE'. Try DEBUG HELP.")],
    ],
    { differs: { why: 'the redis-server of the tests has DEBUG switched off', steps: null } },
  ),
  row('the sections of INFO', [
    ['INFO persistence', /# Persistence\r\nloading:0\r\n/],
    ['INFO replication', /# Replication\r\nrole:master\r\nconnected_slaves:0\r\n/],
    ['INFO cluster', /# Cluster\r\ncluster_enabled:0\r\n/],
    ['INFO modules', /# Modules\r\n/],
    [
      'INFO latencystats',
      /# Latencystats\r\n(latency_percentiles_usec_[^:]+:p50=\d+\.\d+,p99=\d+\.\d+,p99\.9=\d+\.\d+\r\n)*/,
    ],
    ['INFO memory cpu', /# Memory\r\n(?=[\s\S]*used_memory:\d+\r\n)(?=[\s\S]*maxmemory:\d+\r\n)[\s\S]*# CPU\r\n/],
  ]),
];

export const operations: Entry[] = [...config, ...slow, ...memory, ...others];
