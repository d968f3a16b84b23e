/** Times of expiry: never, at once, relative, absolute; flush_all. */
import type { Entry } from '../../harness/table.ts';
import { row, step } from './dialect.ts';

const DAYS_30 = 30 * 24 * 60 * 60;
const YEAR_2100 = 4_102_444_800;

export const lifetime: Entry[] = [
  row('a negative time expires at once', 'set {k} 0 -1 1\r\na\r\nget {k}\r\n', 'STORED\r\nEND\r\n'),
  row('a very negative time expires at once', 'set {k} 0 -2147483648 1\r\na\r\nget {k}\r\n', 'STORED\r\nEND\r\n'),
  row(
    'thirty days are relative',
    `set {k} 0 ${DAYS_30} 1\r\na\r\nget {k}\r\n`,
    'STORED\r\nVALUE {k} 0 1\r\na\r\nEND\r\n',
  ),
  row(
    'more than thirty days are absolute, here in 1970',
    `set {k} 0 ${DAYS_30 + 1} 1\r\na\r\nget {k}\r\n`,
    'STORED\r\nEND\r\n',
  ),
  row(
    'an absolute time in the future',
    `set {k} 0 2147483647 1\r\na\r\nget {k}\r\n`,
    'STORED\r\nVALUE {k} 0 1\r\na\r\nEND\r\n',
  ),
  row(
    'touch with a negative time',
    'set {k} 0 0 1\r\na\r\ntouch {k} -1\r\nget {k}\r\n',
    'STORED\r\nTOUCHED\r\nEND\r\n',
  ),
  row(
    'gat with a negative time',
    'set {k} 0 0 1\r\na\r\ngat -1 {k}\r\nget {k}\r\n',
    'STORED\r\nVALUE {k} 0 1\r\na\r\nEND\r\nEND\r\n',
  ),
  row('touch revives nothing', 'set {k} 0 -1 1\r\na\r\ntouch {k} 0\r\n', 'STORED\r\nNOT_FOUND\r\n'),
  row(
    'add over an expired item',
    'set {k} 0 -1 1\r\na\r\nadd {k} 0 0 1\r\nb\r\nget {k}\r\n',
    'STORED\r\nSTORED\r\nVALUE {k} 0 1\r\nb\r\nEND\r\n',
  ),
  row(
    'a time in the year 2100',
    `set {k} 0 ${YEAR_2100} 1\r\na\r\nget {k}\r\n`,
    'STORED\r\nVALUE {k} 0 1\r\na\r\nEND\r\n',
    {
      differs: {
        why: 'memcached 1.6.18 cuts times to 32 bits: after January 2038 an absolute time is in the past',
        steps: [step(`set {k} 0 ${YEAR_2100} 1\r\na\r\nget {k}\r\n`, 'STORED\r\nEND\r\n')],
      },
    },
  ),
  row(
    'a time that is out of all bounds',
    'set {k} 0 99999999999999999999 1\r\n',
    'CLIENT_ERROR bad command line format\r\n',
  ),

  row('flush_all', 'set {k} 0 0 1\r\na\r\nflush_all\r\nget {k}\r\n', 'STORED\r\nOK\r\nEND\r\n', { alone: true }),
  row('flush_all with noreply', 'set {k} 0 0 1\r\na\r\nflush_all noreply\r\nget {k}\r\n', 'STORED\r\nEND\r\n', {
    alone: true,
  }),
  row('flush_all 0', 'set {k} 0 0 1\r\na\r\nflush_all 0\r\nget {k}\r\n', 'STORED\r\nOK\r\nEND\r\n', { alone: true }),
  row(
    'an item written after flush_all stays',
    'flush_all\r\nset {k} 0 0 1\r\na\r\nget {k}\r\n',
    'OK\r\nSTORED\r\nVALUE {k} 0 1\r\na\r\nEND\r\n',
    { alone: true },
  ),
  row(
    'flush_all later leaves items for now',
    'set {k} 0 0 1\r\na\r\nflush_all 100\r\nget {k}\r\n',
    'STORED\r\nOK\r\nVALUE {k} 0 1\r\na\r\nEND\r\n',
    { alone: true },
  ),
  row('flush_all with nonsense', 'flush_all abc\r\n', 'CLIENT_ERROR invalid exptime argument\r\n'),
  row('flush_all with too many words', 'flush_all 1 2 3\r\n', 'ERROR\r\n'),
  row(
    'flush_all with a negative delay',
    'set {k} 0 0 1\r\na\r\nflush_all -1\r\nget {k}\r\n',
    'STORED\r\nOK\r\nEND\r\n',
    { alone: true },
  ),
  row(
    'flush_all later with noreply',
    'set {k} 0 0 1\r\na\r\nflush_all 100 noreply\r\nget {k}\r\n',
    'STORED\r\nVALUE {k} 0 1\r\na\r\nEND\r\n',
    { alone: true },
  ),
];
