/** `ms`: modes, tokens, times, what it shows, and bodies that are refused. */
import type { Entry } from '../../../harness/table.ts';
import { row, rows, step } from '../dialect.ts';

const SET = 'ms {k} 2\r\nhi\r\n';
/** Both servers' longest value and one more. */
const TOO_LONG = 8 * 1024 * 1024 + 1;

export const metaSet: Entry[] = [
  row('ms', `${SET}get {k}\r\n`, 'HD\r\nVALUE {k} 0 2\r\nhi\r\nEND\r\n'),
  row(
    'ms with flags and time',
    'ms {k} 2 F4294967295 T90\r\nhi\r\nmg {k} f t\r\n',
    /^HD\r\nHD f4294967295 t(90|[78]\d)\r\n$/,
  ),
  row('ms shows key, opaque and CAS', `ms {k} 2 k O1 c\r\nhi\r\nmg {k} c\r\n`, /^HD k{k} O1 c(\d+)\r\nHD c\1\r\n$/),
  row(
    'ms s',
    'ms {k} 2 s\r\nhi\r\nms {k} 3 MA s\r\nabc\r\nms {k} 1 MP s O1\r\nx\r\nms {k} 1 ME s\r\nx\r\n',
    'HD s2\r\nHD s5\r\nHD s6 O1\r\nNS s1\r\n',
    {
      differs: {
        why: 's came after 1.6.18, which takes it and shows nothing',
        steps: [step('ms {k} 2 s\r\nhi\r\nms {k} 3 MA s\r\nabc\r\n', 'HD\r\nHD\r\n')],
      },
    },
  ),
  row('ms q', `ms {k} 2 q k c\r\nhi\r\nmg {k} v\r\n`, 'VA 2\r\nhi\r\n'),
  row('ms q: what fails is answered', 'ms {k} 2 q MR\r\nhi\r\nms {k} 2 q C1 k\r\nhi\r\n', 'NS\r\nNF k{k}\r\n'),
  row('ms with a negative time', 'ms {k} 2 T-1\r\nhi\r\nmg {k}\r\n', 'HD\r\nEN\r\n'),
  row('ms of no bytes', 'ms {k} 0\r\n\r\nget {k}\r\n', 'HD\r\nVALUE {k} 0 0\r\n\r\nEND\r\n'),
  row('ms in base64', 'ms {k}ZQ== 2 b k\r\nhi\r\nmg {k}ZQ== b v\r\n', 'HD k{k}ZQ== b\r\nVA 2\r\nhi\r\n'),
  row(
    'ms over an item: flags and time are the new ones',
    'ms {k} 2 F7 T90\r\nhi\r\nms {k} 2\r\nho\r\nmg {k} f t v\r\n',
    'HD\r\nHD\r\nVA 2 f0 t-1\r\nho\r\n',
  ),
  row(
    'flags of other commands mean nothing',
    'ms {k} 2 v t f h l u R5 D1 J2\r\nhi\r\nmg {k} v t\r\n',
    'HD\r\nVA 2 t-1\r\nhi\r\n',
  ),

  row('ME: adds', 'ms {k} 2 ME\r\nhi\r\nms {k} 2 ME c\r\nho\r\nmg {k} v\r\n', 'HD\r\nNS c0\r\nVA 2\r\nhi\r\n'),
  row(
    'MR: replaces',
    `ms {k} 2 MR\r\nhi\r\n${SET}ms {k} 2 MR\r\nho\r\nmg {k} v\r\n`,
    'NS\r\nHD\r\nHD\r\nVA 2\r\nho\r\n',
  ),
  row('MS: sets', 'ms {k} 2 MS\r\nhi\r\nmg {k} v\r\n', 'HD\r\nVA 2\r\nhi\r\n'),
  row(
    'MA and MP: append, prepend',
    'ms {k} 1 MA\r\na\r\nms {k} 1 F7 T90\r\nb\r\nms {k} 1 MA F1 T5\r\nc\r\nms {k} 1 MP\r\na\r\nmg {k} v f t\r\n',
    /^NS\r\nHD\r\nHD\r\nHD\r\nVA 3 f7 t(90|[78]\d)\r\nabc\r\n$/,
  ),
  row(
    'MA N, MP N: create what is missing',
    'ms {k} 1 MA N90 T500 F7\r\na\r\nmg {k} v f t\r\nms {k} 1 MP N500\r\nb\r\nmg {k} v t\r\nms x{k} 1 MP N0\r\nb\r\nmg x{k} v t\r\n',
    /^HD\r\nVA 1 f7 t(90|[78]\d)\r\na\r\nHD\r\nVA 2 t(90|[78]\d)\r\nba\r\nHD\r\nVA 1 t-1\r\nb\r\n$/,
    {
      differs: {
        why: 'N came to ms after 1.6.18, which takes it and creates nothing',
        steps: [step('ms {k} 1 MA N90\r\na\r\nmg {k}\r\n', 'NS\r\nEN\r\n')],
      },
    },
  ),
  row(
    'N creates in no other mode',
    'ms {k} 1 MR N90\r\na\r\nms {k} 1 N90\r\na\r\nmg {k} t\r\n',
    'NS\r\nHD\r\nHD t-1\r\n',
  ),
  row('of a mode the first byte counts', 'ms {k} 2 MEA\r\nhi\r\nms {k} 2 MEA\r\nhi\r\n', 'HD\r\nNS\r\n', {
    differs: {
      why: 'the newest looks at one byte only',
      steps: [step('ms {k} 2 MEA\r\nhi\r\n', 'CLIENT_ERROR incorrect length for M token\r\n')],
    },
  }),
  row(
    'no such mode',
    'ms {k} 2 MX\r\nhi\r\nms {k} 2 Ms\r\nhi\r\nmg {k}\r\n',
    'CLIENT_ERROR invalid mode for ms M token\r\nCLIENT_ERROR invalid mode for ms M token\r\nEN\r\n',
  ),
  row('a mode without a letter', 'ms {k} 2 M\r\nhi\r\n', 'CLIENT_ERROR invalid mode for ms M token\r\n', {
    differs: {
      why: 'the newest says so',
      steps: [step('ms {k} 2 M\r\nhi\r\n', 'CLIENT_ERROR incorrect length for M token\r\n')],
    },
  }),

  rows('C: only the version that was seen', [
    [`${SET}mg {k} c\r\n`, /^HD\r\nHD c(?<cas>\d+)\r\n$/],
    [
      'ms {k} 2 C{cas} c\r\nho\r\nms {k} 2 C{cas} c k O1\r\nhu\r\nmg {k} v\r\n',
      /^HD c[1-9]\d*\r\nEX c0 k{k} O1\r\nVA 2\r\nho\r\n$/,
    ],
  ]),
  row(
    'C of a missing key',
    'ms {k} 2 C1 c\r\nhi\r\nms {k} 2 C1 MR\r\nhi\r\nms {k} 2 C1 MA\r\nhi\r\n',
    'NF c0\r\nNF\r\nNS\r\n',
  ),
  row('C0 matches nothing', `${SET}ms {k} 2 C0\r\nho\r\nms x{k} 2 C0\r\nho\r\n`, 'HD\r\nEX\r\nNF\r\n'),
  rows('C with MR, MA, MP, ME', [
    [`${SET}mg {k} c\r\n`, /^HD\r\nHD c(?<cas>\d+)\r\n$/],
    ['ms {k} 1 C1 MA\r\nx\r\nms {k} 1 C{cas} MA c\r\nx\r\n', /^EX\r\nHD c(?<appended>\d+)\r\n$/],
    ['ms {k} 1 C{cas} MP\r\ny\r\nms {k} 1 C{appended} MP c\r\ny\r\n', /^EX\r\nHD c(?<prepended>\d+)\r\n$/],
    [
      'ms {k} 1 C{cas} MR\r\nz\r\nms {k} 1 C{prepended} ME\r\nz\r\nmg {k} v\r\nms {k} 1 C{prepended} MR\r\nz\r\nmg {k} v\r\n',
      'EX\r\nNS\r\nVA 4\r\nyhix\r\nHD\r\nVA 1\r\nz\r\n',
    ],
  ]),
  row('C0 with MA compares nothing', `${SET}ms {k} 1 C0 MA\r\nx\r\nmg {k} v\r\n`, 'HD\r\nHD\r\nVA 3\r\nhix\r\n'),
  rows('I: an older token writes a stale version, that lives as long', [
    ['ms {k} 2 T90 c\r\nhi\r\n', /^HD c(?<old>\d+)\r\n$/],
    ['ms {k} 2 T90 c\r\nho\r\n', /^HD c\d+\r\n$/],
    [
      'ms {k} 2 C{old} I T500 F7\r\nhu\r\nmg {k} v t f\r\nmg {k} v\r\n',
      /^HD\r\nVA 2 t(90|[78]\d) f7 X W\r\nhu\r\nVA 2 Z X\r\nhu\r\n$/,
    ],
  ]),
  rows('I: the lease of the version before stays', [
    ['ms {k} 2 c\r\nhi\r\n', /^HD c(?<old>\d+)\r\n$/],
    ['md {k} I\r\nmg {k}\r\nms {k} 2 C{old} I\r\nho\r\nmg {k} v\r\n', 'HD\r\nHD X W\r\nHD\r\nVA 2 Z X\r\nho\r\n'],
  ]),
  rows('I: the right token writes a fresh version, a newer one none', [
    [`${SET}md {k} I\r\nmg {k} c\r\n`, /^HD\r\nHD\r\nHD c(?<cas>\d+) X W\r\n$/],
    ['ms {k} 2 C18446744073709551615 I\r\nhu\r\nms {k} 2 C{cas} I\r\nho\r\nmg {k} v\r\n', 'EX\r\nHD\r\nVA 2\r\nho\r\n'],
  ]),
  row(
    'I without C means nothing',
    `${SET}ms {k} 2 I\r\nho\r\nmg {k} v\r\nms x{k} 2 I C1\r\nho\r\n`,
    'HD\r\nHD\r\nVA 2\r\nho\r\nNF\r\n',
  ),
  row(
    'E: the token that is shown',
    'ms {k} 2 E12345678901234567890 c\r\nhi\r\ngets {k}\r\nms {k} 2 C12345678901234567890 E1 c\r\nho\r\nmg {k} c\r\nms {k} 2 C1 c E7\r\nhu\r\nms {k} 1 MA E9 c\r\nx\r\nmg {k} c v\r\n',
    'HD c12345678901234567890\r\nVALUE {k} 0 2 12345678901234567890\r\nhi\r\nEND\r\nHD c1\r\nHD c1\r\nHD c7\r\nHD c9\r\nVA 3 c9\r\nhux\r\n',
    {
      differs: { why: 'E came after 1.6.18', steps: null },
    },
  ),
  row(
    'E: the next version has a token of the server again',
    'ms {k} 2 E5\r\nhi\r\nms {k} 2 c\r\nho\r\n',
    /^HD\r\nHD c(?!5\r)[1-9]\d*\r\n$/,
    {
      differs: { why: 'E came after 1.6.18', steps: null },
    },
  ),

  row('a body without its end', 'ms {k} 2\r\nhixxmn\r\n', 'CLIENT_ERROR bad data chunk\r\nMN\r\n', {
    differs: { why: '1.6.18 reads on to the end of the line', steps: null },
  }),
  row('q silences no bad body', 'ms {k} 2 q\r\nhix\r\n', /^CLIENT_ERROR bad data chunk\r\n/, {
    differs: { why: '1.6.18 reads on to the end of the line', steps: null },
  }),
  row(
    'the body of a refused line is skipped',
    'ms {k} 4 z\r\nmn\r\n\r\nms {k} 4 Tx q\r\nmn\r\n\r\nms {k} 4 T1 T2\r\nmn\r\n\r\nmn\r\n',
    'CLIENT_ERROR invalid flag\r\nCLIENT_ERROR bad token in command line format\r\nCLIENT_ERROR duplicate flag\r\nMN\r\n',
  ),
  row(
    'so is that of a line with too long a key',
    `ms ${'k'.repeat(251)} 4\r\nmn\r\n\r\nmn\r\n`,
    'CLIENT_ERROR bad command line format\r\nMN\r\n',
    {
      differs: {
        why: '1.6.18 takes the body for a line',
        steps: [step(`ms ${'k'.repeat(251)} 2\r\nmn\r\n`, 'CLIENT_ERROR bad command line format\r\nMN\r\n')],
      },
    },
  ),
  row(
    'a length that is none',
    'ms {k} x\r\nms {k} -1\r\nms {k}\r\nms {k} 2147483646\r\n',
    'CLIENT_ERROR bad command line format\r\n'.repeat(4),
    {
      differs: {
        why: '1.6.18 takes the longest one for too large a value',
        steps: [step('ms {k} x\r\nms {k} -1\r\nms {k}\r\n', 'CLIENT_ERROR bad command line format\r\n'.repeat(3))],
      },
    },
  ),
  row(
    'too large a value: nothing is stored, and the old value goes with it',
    `${SET}ms {k} ${TOO_LONG} q ME\r\n${'x'.repeat(TOO_LONG)}\r\nmg {k}\r\n`,
    'HD\r\nSERVER_ERROR object too large for cache\r\nEN\r\n',
    { coarse: true },
  ),
  row(
    'a value of many segments',
    `ms {k} 150000 k c T90\r\n${'y'.repeat(150_000)}\r\nmg {k} s v\r\n`,
    /^HD k{k} c[1-9]\d*\r\nVA 150000 s150000\r\ny+\r\n$/,
    { coarse: true },
  ),
  row(
    'a large value refused by its flags',
    `ms {k} 150000 z\r\n${'y'.repeat(150_000)}\r\nmg {k}\r\n`,
    'CLIENT_ERROR invalid flag\r\nEN\r\n',
    { coarse: true },
  ),
  row(
    'a large value without its end',
    `ms {k} 150000 q\r\n${'y'.repeat(150_000)}xxmg {k}\r\n`,
    'CLIENT_ERROR bad data chunk\r\nEN\r\n',
    {
      coarse: true,
      differs: { why: '1.6.18 closes the connection', steps: null },
    },
  ),
];
