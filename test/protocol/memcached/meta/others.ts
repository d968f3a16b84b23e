/** `md`, `ma`, `me`, `mn`, and lines that are refused. */
import type { Entry } from '../../../harness/table.ts';
import { row, rows, step } from '../dialect.ts';

const SET = 'ms {k} 2\r\nhi\r\n';
const BAD_FORMAT = 'CLIENT_ERROR bad command line format\r\n';
const BAD_TOKEN = 'CLIENT_ERROR bad token in command line format\r\n';
const INVALID = 'CLIENT_ERROR invalid flag\r\n';
const DUPLICATE = 'CLIENT_ERROR duplicate flag\r\n';
const EITHER = 'CLIENT_ERROR invalid or duplicate flag\r\n';
const LONG_OPAQUE = 'CLIENT_ERROR opaque token too long\r\n';
const NON_NUMERIC = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
const opaque = `O${'1'.repeat(32)}`;
const longer = 'k'.repeat(251);
const eighteen = 'N1 T3 R1 l O P L k s t c f v h u q x I';

/** How 1.6.18 answers what is told apart since. */
const older = (send: string, expect: string, why = 'the newest says what is wrong') => ({
  differs: { why, steps: [step(send, expect)] },
});
const AFTER = 'the flag came after 1.6.18';

export const metaOthers: Entry[] = [
  row('md', `${SET}md {k}\r\nmd {k}\r\nmg {k}\r\n`, 'HD\r\nHD\r\nNF\r\nEN\r\n'),
  row('md shows key and opaque', `md {k} k O1\r\n${SET}md {k} O1 k\r\n`, 'NF k{k} O1\r\nHD\r\nHD O1 k{k}\r\n'),
  row('md q', `md {k} q k\r\n${SET}md {k} q k\r\nmg {k}\r\n`, 'NF k{k}\r\nHD\r\nEN\r\n'),
  row('md in base64', 'ms {k} 2 b\r\nhi\r\nmd {k} b k\r\nmg {k} b\r\n', 'HD\r\nHD k{k} b\r\nEN\r\n'),
  rows('md C', [
    [`${SET}mg {k} c\r\n`, /^HD\r\nHD c(?<cas>\d+)\r\n$/],
    ['md {k} C0\r\nmd {k} C1234567890123 q\r\nmd {k} C{cas}\r\nmd {k} C{cas}\r\n', 'EX\r\nEX\r\nHD\r\nNF\r\n'],
  ]),
  row(
    'md I: stale, with a new token and time',
    'ms {k} 2 T500 F7 c\r\nhi\r\nmd {k} I T90\r\nmg {k} t v f c\r\n',
    /^HD c(\d+)\r\nHD\r\nVA 2 t(90|[78]\d) f7 c(?!\1 )\d+ X W\r\nhi\r\n$/,
  ),
  row(
    'md I keeps the time without T; T0 takes it away',
    'ms {k} 2 T90\r\nhi\r\nmd {k} I\r\nmg {k} t\r\nmd {k} I T0\r\nmg {k} t\r\n',
    /^HD\r\nHD\r\nHD t(90|[78]\d) X W\r\nHD\r\nHD t-1 X W\r\n$/,
  ),
  row('md I q', `${SET}md {k} I q\r\nmg {k}\r\n`, 'HD\r\nHD X W\r\n'),
  row('md T without I deletes', `${SET}md {k} T90\r\nmg {k}\r\n`, 'HD\r\nHD\r\nEN\r\n'),
  row('md I E: the token of the stale version', `${SET}md {k} I E77\r\nmg {k} c\r\n`, 'HD\r\nHD\r\nHD c77 X W\r\n', {
    differs: { why: AFTER, steps: null },
  }),
  row(
    'md x: an empty item is left, with new flags and time, and its token',
    'ms {k} 2 F7 T90 E5\r\nhi\r\nmd {k} x\r\nmg {k} s v f t c\r\n',
    'HD\r\nHD\r\nVA 0 s0 f0 t-1 c5\r\n\r\n',
    {
      differs: { why: AFTER, steps: null },
    },
  ),
  row(
    'md x F T E',
    `${SET}md {k} x F9 T90 E6\r\nmg {k} s v f t c\r\n`,
    /^HD\r\nHD\r\nVA 0 s0 f9 t(90|[78]\d) c6\r\n\r\n$/,
    {
      differs: { why: AFTER, steps: null },
    },
  ),
  row(
    'md x I: empty and stale',
    'ms {k} 2 E5\r\nhi\r\nmd {k} x I\r\nmg {k} v c\r\nmg {k}\r\n',
    /^HD\r\nHD\r\nVA 0 c(?!5 )\d+ X W\r\n\r\nHD Z X\r\n$/,
    {
      differs: { why: AFTER, steps: null },
    },
  ),
  row('md x of a missing key', 'md {k} x\r\nmg {k}\r\n', 'NF\r\nEN\r\n', { differs: { why: AFTER, steps: null } }),
  row(
    'md I of a large value',
    `ms {k} 300000\r\n${'y'.repeat(300_000)}\r\nmd {k} I T90\r\nmg {k} v\r\n`,
    /^HD\r\nHD\r\nVA 300000 X W\r\ny+\r\n$/,
    { coarse: true },
  ),

  row('ma', 'ma {k}\r\nset {k} 0 0 2\r\n41\r\nma {k}\r\nmg {k} v\r\n', 'NF\r\nSTORED\r\nHD\r\nVA 2\r\n42\r\n'),
  row('ma v', 'set {k} 7 0 1\r\n9\r\nma {k} v k O1\r\nmg {k} f\r\n', 'STORED\r\nVA 2 k{k} O1\r\n10\r\nHD f7\r\n'),
  row(
    'ma N J: creates',
    'ma {k} N90 J13 v\r\nma {k} N90 J13 v\r\nma x{k} N0 v t\r\n',
    'VA 2\r\n13\r\nVA 2\r\n14\r\nVA 1 t-1\r\n0\r\n',
  ),
  row(
    'ma N t, t N',
    'ma {k} N90 t\r\nma {k} t\r\nma x{k} t N90\r\n',
    /^HD t(90|[78]\d)\r\nHD t(90|[78]\d)\r\nHD t-1\r\n$/,
  ),
  row(
    'ma D',
    'set {k} 0 0 2\r\n10\r\nma {k} D5 v\r\nma {k} D0 v\r\nma {k} D18446744073709551615 v\r\n',
    'STORED\r\nVA 2\r\n15\r\nVA 2\r\n15\r\nVA 2\r\n14\r\n',
  ),
  row(
    'ma M',
    'set {k} 0 0 2\r\n50\r\nma {k} MD v\r\nma {k} M- D9 v\r\nma {k} MI v\r\nma {k} M+ v\r\nma {k} MD D99 v\r\n',
    'STORED\r\nVA 2\r\n49\r\nVA 2\r\n40\r\nVA 2\r\n41\r\nVA 2\r\n42\r\nVA 1\r\n0\r\n',
  ),
  row(
    'ma M: the first byte counts',
    'set {k} 0 0 2\r\n50\r\nma {k} MDECR v\r\n',
    'STORED\r\nVA 2\r\n49\r\n',
    older('set {k} 0 0 2\r\n50\r\nma {k} MDECR v\r\n', `STORED\r\n${EITHER}`, 'the newest looks at one byte only'),
  ),
  row('ma wraps', 'set {k} 0 0 20\r\n18446744073709551615\r\nma {k} v\r\n', 'STORED\r\nVA 1\r\n0\r\n'),
  row(
    'ma T: a new time',
    'set {k} 0 500 1\r\n1\r\nma {k} t T90\r\nma {k} t\r\nma {k} T0 t\r\n',
    /^STORED\r\nHD t(500|4\d\d)\r\nHD t(90|[78]\d)\r\nHD t-1\r\n$/,
  ),
  row(
    'ma keeps the time',
    'set {k} 0 90 1\r\n9\r\nma {k} t\r\nma {k} t\r\n',
    /^STORED\r\nHD t(90|[78]\d)\r\nHD t(90|[78]\d)\r\n$/,
  ),
  row(
    'ma q',
    'ma {k} q\r\nset {k} 0 0 1\r\n1\r\nma {k} q\r\nma {k} q v\r\nma {k} v\r\n',
    'NF\r\nSTORED\r\nVA 1\r\n4\r\n',
  ),
  row(
    'ma q N: what is created goes without saying, too',
    'ma {k} q N90\r\nma {k} v\r\n',
    'VA 1\r\n1\r\n',
    older('ma {k} q N90\r\nma {k} v\r\n', 'HD\r\nVA 1\r\n1\r\n', 'so it is since 1.6.32'),
  ),
  rows('ma C c', [
    ['set {k} 0 0 1\r\n1\r\nmg {k} c\r\n', /^STORED\r\nHD c(?<cas>\d+)\r\n$/],
    ['ma {k} C{cas} c\r\n', /^HD c(?<next>\d+)\r\n$/],
    ['ma {k} C{cas} k O1\r\nma {k} C{next} v\r\nma {k} C0 v\r\n', 'EX k{k} O1\r\nVA 1\r\n3\r\nVA 1\r\n4\r\n'],
  ]),
  row(
    'ma C: that there is nothing is seen first, what is no number behind it',
    'set {k} 0 0 0\r\n\r\nma {k} C1\r\nset {k} 0 0 1\r\nx\r\nma {k} C1\r\n',
    'STORED\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\nSTORED\r\nEX\r\n',
  ),
  row(
    'ma E',
    'ma {k} N0 E5 c\r\nma {k} E18446744073709551615 c\r\nmg {k} c v\r\n',
    'HD c5\r\nHD c18446744073709551615\r\nVA 1 c18446744073709551615\r\n1\r\n',
    { differs: { why: AFTER, steps: null } },
  ),
  row(
    'ma of no number',
    `${SET}ma {k}\r\nma {k} q\r\nset {k} 0 0 0\r\n\r\nma {k}\r\n`,
    `HD\r\n${NON_NUMERIC}${NON_NUMERIC}STORED\r\n${NON_NUMERIC}`,
  ),
  row(
    'counting makes nothing fresh',
    'set {k} 0 0 2\r\n10\r\nmd {k} I\r\nma {k}\r\nincr {k} 1\r\nmg {k} v\r\nma {k} v\r\nmg {k} v\r\n',
    'STORED\r\nHD\r\nHD\r\n12\r\nVA 2 X W\r\n12\r\nVA 2\r\n13\r\nVA 2 Z X\r\n13\r\n',
    {
      differs: {
        why: 'memcached forgets it when the number gets longer, or a reply still holds the item',
        steps: [
          step(
            'set {k} 0 0 2\r\n10\r\nmd {k} I\r\nma {k}\r\nincr {k} 1\r\nmg {k} v\r\n',
            'STORED\r\nHD\r\nHD\r\n12\r\nVA 2 X W\r\n12\r\n',
          ),
          step('ma {k} v\r\n', 'VA 2\r\n13\r\n'),
          step('mg {k} v\r\n', 'VA 2 Z X\r\n13\r\n'),
        ],
      },
    },
  ),
  row('ma of a missing key shows key and opaque', 'ma {k} v t k O1\r\n', 'NF k{k} O1\r\n'),
  row('ma in base64', 'ma {k} b N0 k\r\nma {k} b v\r\n', 'HD k{k} b\r\nVA 1\r\n1\r\n'),

  row(
    'me',
    'me {k}\r\nms {k} 2 T90\r\nhi\r\nme {k}\r\nget {k}\r\nme {k}\r\n',
    /^EN\r\nHD\r\nME {k} exp=(90|[78]\d) la=\d{1,2} cas=\d+ fetch=no cls=\d+ size=\d+\r\nVALUE {k} 0 2\r\nhi\r\nEND\r\nME {k} exp=(90|[78]\d) la=\d{1,2} cas=\d+ fetch=yes cls=\d+ size=\d+\r\n$/,
    {
      differs: {
        why: '1.6.18 shows the time with the wrong sign',
        steps: [
          step(
            'me {k}\r\nms {k} 2 T90\r\nhi\r\nme {k}\r\n',
            /^EN\r\nHD\r\nME {k} exp=-(90|[78]\d) la=\d{1,2} cas=\d+ fetch=no [^\r]+\r\n$/,
          ),
        ],
      },
    },
  ),
  row(
    'me of an item without an end',
    `${SET}me {k}\r\nme {k} v\r\n`,
    /^HD\r\n(ME {k} exp=-1 la=\d{1,2} cas=\d+ fetch=no cls=\d+ size=\d+\r\n){2}$/,
  ),
  row(
    'me in base64',
    'ms {k} 2 b\r\nhi\r\nme {k} b\r\nme x b\r\n',
    /^HD\r\nME {k} exp=-1 [^\r]+\r\nCLIENT_ERROR bad command line format\r\n$/,
  ),
  row('me without a key', `me\r\nme ${longer}\r\n`, BAD_FORMAT.repeat(2)),
  row('mn', 'mn\r\nmn a b\r\n', 'MN\r\nMN\r\n'),

  row(
    'no key',
    'mg\r\nmd\r\nma\r\nms\r\nmg \r\n',
    BAD_FORMAT.repeat(5),
    older('mg\r\nmd\r\nma\r\nms\r\nmg \r\n', 'ERROR\r\n'.repeat(5), 'the newest says that the line is short'),
  ),
  row('no such command', 'mx {k}\r\nm {k}\r\nmget {k}\r\nMG {k}\r\nmg\tx\r\n', 'ERROR\r\n'.repeat(5)),
  row(
    'unknown flags',
    'mg {k} z\r\nmg {k} W\r\nmg {k} S1\r\nmg {k} 1\r\nmg {k} v,s\r\nmd {k} X\r\n',
    `${INVALID.repeat(4)}EN\r\n${INVALID}`,
    older('mg {k} z\r\nmg {k} W\r\nmg {k} S1\r\nmd {k} X\r\n', `${INVALID.repeat(3)}${EITHER}`),
  ),
  row(
    'a flag twice',
    'mg {k} v v\r\nmg {k} T1 T2\r\nmg {k} \xff\r\nmd {k} k k\r\n',
    DUPLICATE.repeat(4),
    older('mg {k} v v\r\nmg {k} T1 T2\r\nmg {k} \xff\r\nmd {k} k k\r\n', `${DUPLICATE.repeat(3)}${EITHER}`),
  ),
  row(
    'tokens that are no numbers',
    'mg {k} T\r\nmg {k} Nx\r\nmg {k} R1x\r\nmg {k} Cx\r\nmd {k} Cx\r\n',
    BAD_TOKEN.repeat(5),
    older('mg {k} T\r\nmg {k} Nx\r\nmg {k} R1x\r\nmg {k} Cx\r\nmd {k} Cx\r\n', `${BAD_TOKEN.repeat(4)}${EITHER}`),
  ),
  row('client flags that are no number', 'mg {k} Fx\r\n', BAD_FORMAT),
  row(
    'numbers of ma on another command',
    'mg {k} Dx\r\nmg {k} Jx\r\n',
    'CLIENT_ERROR invalid numeric delta value\r\nCLIENT_ERROR invalid numeric initial value\r\n',
  ),
  row(
    'of several errors the last one, unless one ends the search',
    'mg {k} Tx Jx\r\nmg {k} Jx Tx\r\nmg {k} Tx z\r\nmg {k} v v z\r\n',
    `CLIENT_ERROR invalid numeric initial value\r\n${BAD_TOKEN}${INVALID}${DUPLICATE}`,
  ),
  row('ma says no more', 'ma {k} Dx\r\nma {k} Jx\r\nma {k} z\r\nma {k} v v\r\n', EITHER.repeat(4)),
  row('no such mode of ma', 'ma {k} Mx\r\nma {k} MS\r\n', 'CLIENT_ERROR invalid mode for ma M token\r\n'.repeat(2)),
  row(
    'too long an opaque',
    `mg {k} ${opaque}\r\nms {k} 2 ${opaque}\r\nmn\r\nmd {k} ${opaque}\r\n${SET}md {k} ${opaque}\r\nmg {k}\r\n`,
    `${LONG_OPAQUE.repeat(3)}HD\r\n${LONG_OPAQUE}HD\r\n`,
  ),
  row('too long a key', `mg ${longer}\r\nmd ${longer}\r\nmg ${'QUJD'.repeat(63)} b\r\n`, BAD_FORMAT.repeat(3)),
  row(
    'too long a key of ma',
    `ma ${longer}\r\n`,
    EITHER,
    older(`ma ${longer}\r\n`, BAD_FORMAT, 'the newest says no more'),
  ),
  row(
    'the longest keys',
    `mg ${'k'.repeat(250)}\r\nmg ${'QUJD'.repeat(62)} b k\r\n`,
    `EN\r\nEN k${'QUJD'.repeat(62)} b\r\n`,
  ),
  row('twenty words', `mg {k} ${eighteen}\r\n`, /^VA 0 l0 O k{k} s0 t3 c\d+ f0 h0 W\r\n\r\n$/, {
    differs: { why: 'x came after 1.6.18', steps: null },
  }),
  row(
    'more than twenty words',
    `mg {k} ${eighteen} F1\r\nmd {k} ${eighteen} F1\r\nms {k} 2 ${eighteen}\r\nhi\r\nma {k} ${eighteen} F1\r\n`,
    `${'CLIENT_ERROR options flags are too long\r\n'.repeat(3)}${EITHER}`,
    older(`mg {k} ${eighteen} F1\r\n`, 'CLIENT_ERROR options flags are too long\r\n', 'x came after 1.6.18'),
  ),
];
