/** `mg`: what it shows, what it changes, and the lease of items that are to be written anew. */
import type { Entry } from '../../../harness/table.ts';
import { row, rows, step } from '../dialect.ts';

const SET = 'ms {k} 2\r\nhi\r\n';
/** A key that the run's key is the base64 of, since its length is a multiple of four. */
const ENCODED = '{k}';

export const metaGet: Entry[] = [
  row('mg of a missing key', 'mg {k}\r\nmg {k} v\r\n', 'EN\r\nEN\r\n'),
  row('mg without flags says only that it is there', `${SET}mg {k}\r\n`, 'HD\r\nHD\r\n'),
  row('mg v', `${SET}mg {k} v\r\n`, 'HD\r\nVA 2\r\nhi\r\n'),
  row('mg v of an empty value', 'ms {k} 0\r\n\r\nmg {k} v s\r\n', 'HD\r\nVA 0 s0\r\n\r\n'),
  row(
    'mg with all that it shows, in the order of the flags',
    `ms {k} 2 F7\r\nhi\r\nmg {k} s v t f h k O12\r\nmg {k} O12 k h f t s\r\n`,
    'HD\r\nVA 2 s2 t-1 f7 h0 k{k} O12\r\nhi\r\nHD O12 k{k} h1 f7 t-1 s2\r\n',
  ),
  row('mg c', `${SET}mg {k} c\r\ngets {k}\r\n`, /^HD\r\nHD c(\d+)\r\nVALUE {k} 0 2 \1\r\nhi\r\nEND\r\n$/),
  row('mg l', `${SET}mg {k} l\r\n`, /^HD\r\nHD l\d{1,2}\r\n$/),
  row('mg t', 'ms {k} 2 T90\r\nhi\r\nmg {k} t\r\n', /^HD\r\nHD t(90|[78]\d)\r\n$/),
  row('mg h: whether it was read before', `${SET}mg {k} h\r\nmg {k} h\r\n`, 'HD\r\nHD h0\r\nHD h1\r\n'),
  row(
    'mg u does not count',
    `${SET}mg {k} u h\r\nmg {k} h u v\r\nmg {k} h\r\n`,
    'HD\r\nHD h0\r\nVA 2 h0\r\nhi\r\nHD h0\r\n',
  ),
  row('get counts for h, too', `${SET}get {k}\r\nmg {k} h\r\n`, 'HD\r\nVALUE {k} 0 2\r\nhi\r\nEND\r\nHD h1\r\n'),
  row('a new version was not read', `${SET}mg {k}\r\n${SET}mg {k} h\r\n`, 'HD\r\nHD\r\nHD\r\nHD h0\r\n'),
  row('mg q answers hits only', `mg {k} q v\r\n${SET}mg {k} q v\r\nmn\r\n`, 'HD\r\nVA 2\r\nhi\r\nMN\r\n'),
  row('a miss shows key and opaque', 'mg {k} v k s t O1\r\n', 'EN k{k} O1\r\n'),
  row('spaces', `${SET}  mg   {k}   v  \r\n`, 'HD\r\nVA 2\r\nhi\r\n'),
  row('a bare line feed', 'mg {k} v\nmn\n', 'EN\r\nMN\r\n'),
  row('P and L are for proxies', `${SET}mg {k} Ppath/ L v\r\n`, 'HD\r\nVA 2\r\nhi\r\n'),
  row('an opaque of 31 bytes', `mg {k} O${'1'.repeat(31)}\r\n`, `EN O${'1'.repeat(31)}\r\n`),
  row('an opaque without bytes', 'mg {k} O\r\n', 'EN O\r\n'),
  row(
    'flags of other commands mean nothing',
    `${SET}mg {k} C1 MX I J1 D1 F1\r\nmg {k} v\r\n`,
    'HD\r\nHD\r\nVA 2\r\nhi\r\n',
  ),
  row('x and E are taken', `${SET}mg {k} x E7\r\nmg {k} v\r\n`, 'HD\r\nHD\r\nVA 2\r\nhi\r\n', {
    differs: {
      why: 'both came after 1.6.18',
      steps: [
        step(`${SET}mg {k} x\r\nmg {k} E7\r\n`, 'HD\r\nCLIENT_ERROR invalid flag\r\nCLIENT_ERROR invalid flag\r\n'),
      ],
    },
  }),

  row(
    'base64: one key in two forms',
    'ms Zm9v{k} 3 b k\r\nbar\r\nmg Zm9v{k} b k v\r\n',
    'HD kZm9v{k} b\r\nVA 3 kZm9v{k} b\r\nbar\r\n',
  ),
  row('base64: a miss', `mg ${ENCODED} k b O1 v\r\n`, `EN k${ENCODED} b O1\r\n`),
  row(
    'base64: the key decoded is the key',
    'ms Zm9v 2 b\r\nhi\r\nget foo\r\n',
    'HD\r\nVALUE foo 0 2\r\nhi\r\nEND\r\n',
    { alone: true },
  ),
  row('base64: what means nothing is skipped', 'mg Zm9v!{k} k b\r\n', 'EN kZm9v{k} b\r\n'),
  row('base64: bits that are too many are dropped', 'mg {k}ZZ== k b\r\n', 'EN k{k}ZQ== b\r\n'),
  row('base64: not whole', 'mg Zm9 b\r\nmg Zm9v= k b\r\n', 'CLIENT_ERROR error decoding key\r\n'.repeat(2)),
  row('base64: a key shows as it was asked for', 'ms {k} 2 b\r\nhi\r\nmg {k} b k\r\n', 'HD\r\nHD k{k} b\r\n'),

  row('mg T touches', `${SET}mg {k} T90\r\nmg {k} t\r\n`, /^HD\r\nHD\r\nHD t(90|[78]\d)\r\n$/),
  row(
    'mg t T shows the old time, T t the new one',
    'ms {k} 2 T500\r\nhi\r\nmg {k} t T90\r\nmg {k} T200 t\r\n',
    /^HD\r\nHD t(500|4\d\d)\r\nHD t(200|1\d\d)\r\n$/,
  ),
  row('mg T0 never expires', 'ms {k} 2 T90\r\nhi\r\nmg {k} T0 t\r\n', 'HD\r\nHD t-1\r\n'),
  row('mg T-1 shows it for the last time', `${SET}mg {k} v T-1\r\nmg {k}\r\n`, 'HD\r\nVA 2\r\nhi\r\nEN\r\n'),
  row('mg T-1 t', `${SET}mg {k} T-1 t\r\n`, 'HD\r\nHD t0\r\n', {
    differs: {
      why: 'memcached shows a negative time cut to 32 bits',
      steps: [step(`${SET}mg {k} T-1 t\r\n`, /^HD\r\nHD t42949\d+\r\n$/)],
    },
  }),
  row('mg T of a missing key', 'mg {k} T90\r\n', 'EN\r\n'),
  row(
    'mg T keeps value, flags and CAS',
    'ms {k} 2 F7\r\nhi\r\ngets {k}\r\nmg {k} T90\r\nmg {k} v f c\r\n',
    /^HD\r\nVALUE {k} 7 2 (\d+)\r\nhi\r\nEND\r\nHD\r\nVA 2 f7 c\1\r\nhi\r\n$/,
  ),

  row(
    'N: the first who misses wins, the others are told',
    'mg {k} N90 v\r\nmg {k} N90 v\r\nmg {k} v\r\n',
    'VA 0 W\r\n\r\nVA 0 Z\r\n\r\nVA 0 Z\r\n\r\n',
  ),
  row('N shows its item', 'mg {k} N90 s v t f h l k O1\r\n', /^VA 0 s0 t(90|[78]\d) f0 h0 l0 k{k} O1 W\r\n\r\n$/),
  row('t N: before the time is set', 'mg {k} t N90\r\nmg {k} t\r\n', /^HD t-1 W\r\nHD t(90|[78]\d) Z\r\n$/),
  row('N counts as read', 'mg {k} N90\r\nmg {k} h\r\n', 'HD W\r\nHD h1 Z\r\n'),
  row('N with u does not', 'mg {k} N90 u\r\nmg {k} h\r\n', 'HD W\r\nHD h0 Z\r\n'),
  row('N and q: a win is answered', 'mg {k} N90 q\r\nmg {k} N90 q\r\n', 'HD W\r\nHD Z\r\n'),
  row('N of an item that is there', `${SET}mg {k} N90 v t\r\n`, 'HD\r\nVA 2 t-1\r\nhi\r\n'),
  row('N-1 creates what expires at once', 'mg {k} N-1\r\nmg {k}\r\n', 'HD W\r\nEN\r\n'),
  row(
    'N and T: the last one counts',
    'mg {k} N90 T500 t\r\nmg {k} t\r\n',
    /^HD t(500|4\d\d) W\r\nHD t(500|4\d\d) Z\r\n$/,
  ),
  row('N and R: won once', 'mg {k} N30 R60\r\nmg {k} N30 R60\r\n', 'HD W\r\nHD Z\r\n'),
  row('a set ends the lease of a miss', `mg {k} N90\r\n${SET}mg {k} N90 v\r\n`, 'HD W\r\nHD\r\nVA 2\r\nhi\r\n'),
  row('so does a classic set', 'mg {k} N90\r\nset {k} 0 0 2\r\nhi\r\nmg {k} v\r\n', 'HD W\r\nSTORED\r\nVA 2\r\nhi\r\n'),
  row(
    'touch and append: only the latter ends it',
    'mg {k} N90\r\ntouch {k} 500\r\nmg {k}\r\nappend {k} 0 0 1\r\na\r\nmg {k} v\r\n',
    'HD W\r\nTOUCHED\r\nHD Z\r\nSTORED\r\nVA 1\r\na\r\n',
  ),
  row(
    'add does not: the item is there',
    'mg {k} N90\r\nadd {k} 0 0 1\r\na\r\nmg {k}\r\n',
    'HD W\r\nNOT_STORED\r\nHD Z\r\n',
  ),
  row('a delete gives the lease away anew', 'mg {k} N90\r\nmd {k}\r\nmg {k} N90\r\n', 'HD W\r\nHD\r\nHD W\r\n'),
  row(
    'N E: the token of what is created',
    'mg {k} N90 E18446744073709551615 c\r\nmg {k} c\r\n',
    'HD c18446744073709551615 W\r\nHD c18446744073709551615 Z\r\n',
    {
      differs: { why: 'E came after 1.6.18', steps: null },
    },
  ),

  row(
    'R: near its end, one is to write it anew',
    'ms {k} 2 T30\r\nhi\r\nmg {k} R60 v\r\nmg {k} R60 v\r\n',
    'HD\r\nVA 2 W\r\nhi\r\nVA 2 Z\r\nhi\r\n',
  ),
  row('R: far from its end', 'ms {k} 2 T500\r\nhi\r\nmg {k} R60\r\nmg {k}\r\n', 'HD\r\nHD\r\nHD\r\n'),
  row('R: an item without an end', `${SET}mg {k} R60\r\n`, 'HD\r\nHD\r\n'),
  row(
    'R0 and R-1 find nothing about to expire',
    'ms {k} 2 T30\r\nhi\r\nmg {k} R0\r\nmg {k} R-1\r\n',
    'HD\r\nHD\r\nHD\r\n',
  ),
  row(
    'T R: the new time counts; R T: the old one',
    'ms {k} 2 T30\r\nhi\r\nmg {k} T500 R60\r\nmg {k} R60 T30\r\nmg {k} R60 T500\r\n',
    'HD\r\nHD\r\nHD\r\nHD W\r\n',
  ),
  row('R of a missing key', 'mg {k} R60\r\n', 'EN\r\n'),
  row(
    'a set ends the lease of R',
    'ms {k} 2 T30\r\nhi\r\nmg {k} R60\r\nms {k} 2 T30\r\nhi\r\nmg {k} R60\r\n',
    'HD\r\nHD W\r\nHD\r\nHD W\r\n',
  ),
  row(
    'who only reads is told of the lease, too',
    'ms {k} 2 T30\r\nhi\r\nmg {k} R60\r\nmg {k} v\r\n',
    'HD\r\nHD W\r\nVA 2 Z\r\nhi\r\n',
  ),

  row(
    'stale: one wins, the others are told',
    `${SET}md {k} I\r\nmg {k} v\r\nmg {k} v\r\n`,
    'HD\r\nHD\r\nVA 2 X W\r\nhi\r\nVA 2 Z X\r\nhi\r\n',
  ),
  row(
    'stale: invalidated again, another one wins',
    `${SET}md {k} I\r\nmg {k}\r\nmd {k} I\r\nmg {k}\r\nmg {k}\r\n`,
    'HD\r\nHD\r\nHD X W\r\nHD\r\nHD X W\r\nHD Z X\r\n',
  ),
  row(
    'stale: a set makes it fresh',
    `${SET}md {k} I\r\nmg {k}\r\n${SET}mg {k}\r\n`,
    'HD\r\nHD\r\nHD X W\r\nHD\r\nHD\r\n',
  ),
  row(
    'stale: get shows it as any',
    `${SET}md {k} I\r\nget {k}\r\nmg {k}\r\n`,
    'HD\r\nHD\r\nVALUE {k} 0 2\r\nhi\r\nEND\r\nHD X W\r\n',
  ),
  row('stale: touch keeps it so', `${SET}md {k} I\r\ntouch {k} 500\r\nmg {k}\r\n`, 'HD\r\nHD\r\nTOUCHED\r\nHD X W\r\n'),
  row(
    'stale and about to expire: one lease',
    'ms {k} 2 T30\r\nhi\r\nmg {k} R60\r\nmd {k} I\r\nmg {k} R60\r\nmg {k} R60\r\n',
    'HD\r\nHD W\r\nHD\r\nHD X W\r\nHD Z X\r\n',
  ),
  rows('stale: who won may write with the token it was shown', [
    [`${SET}md {k} I\r\nmg {k} c v\r\n`, /^HD\r\nHD\r\nVA 2 c(?<cas>\d+) X W\r\nhi\r\n$/],
    ['ms {k} 3 C{cas}\r\nnew\r\nmg {k} v\r\n', 'HD\r\nVA 3\r\nnew\r\n'],
  ]),
];
