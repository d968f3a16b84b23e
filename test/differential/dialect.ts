/** How each protocol tells where the replies to a step end. */
import { HEADER_BYTES } from '../harness/packet.ts';
import { command as encodeWords } from '../harness/resp.ts';
import type { Step } from './command.ts';
import type { Family } from './family.ts';
import { isPush, joined, type Need, type Reply, type Taken, takeBinary, takeResp, takeText } from './reply.ts';

/** Replies of one server to one step. */
export interface Answer {
  readonly replies: readonly Reply[];
  /** What came unasked (RESP). */
  readonly pushes: readonly Reply[];
  /** Bytes that they took. */
  readonly end: number;
}

/** Says in `need` how much more must have come before it can answer. */
export type Take = (bytes: Buffer, ended: boolean, need?: Need) => Answer | undefined;

/** What waits for the replies of a step. */
export interface Framing {
  /** Sent after the step's commands. */
  readonly sentinel: Buffer;
  /** The step's replies, once they are whole; with `ended` all that there is. */
  take: Take;
}

/** How to recognise the end of the replies to a step; `number` makes its sentinel unlike all others. */
export function framing(family: Family, step: Step, number: number): Framing {
  if (family.protocol === 'memcached') return textFraming(number);
  if (family.protocol === 'binary') return binaryFraming(number);
  return family.sentinel ? pingFraming(number) : countedFraming(step);
}

/** Takes replies until one is the last. */
function taking(
  takeOne: (bytes: Buffer, start: number, need?: Need) => Taken | undefined,
  isLast: (reply: Reply) => boolean,
): Take {
  return (bytes, ended, need) => {
    const [replies, pushes]: [Reply[], Reply[]] = [[], []];
    let end = 0;
    for (;;) {
      const taken = takeOne(bytes, end, need);
      if (!taken) break;
      end = taken.end;
      if (takeOne === takeResp && isPush(taken.reply)) {
        pushes.push(taken.reply);
        continue;
      }
      if (isLast(taken.reply)) return { replies, pushes, end };
      replies.push(taken.reply);
    }
    if (!ended) return undefined;
    if (end < bytes.length) replies.push(bytes.toString('latin1', end));
    return { replies: [...replies, '(connection closed)'], pushes, end: bytes.length };
  };
}

/** memcached's text protocol: a value is stored and read, and no other value is like it. */
function textFraming(number: number): Framing {
  const value = `sentinel-${number}`;
  const wanted = `VALUE sentinel 0 ${value.length}\r\n${value}\r\n`;
  let last = false;
  const take = taking(takeText, reply => {
    // The END of the sentinel's own get is the last reply.
    if (last) return true;
    last = joined(reply) === wanted;
    return false;
  });
  return {
    sentinel: Buffer.from(`set sentinel 0 0 ${value.length}\r\n${value}\r\nget sentinel\r\n`),
    take: (bytes, ended, need) => {
      last = false;
      return take(bytes, ended, need);
    },
  };
}

const NOOP = 0x0a;
const REQUEST = 0x80;

/** The binary protocol: a no-op whose opaque no other packet has. */
function binaryFraming(number: number): Framing {
  const sentinel = Buffer.alloc(HEADER_BYTES);
  sentinel.writeUInt8(REQUEST, 0);
  sentinel.writeUInt8(NOOP, 1);
  sentinel.writeUInt32BE(0xfeed0000 + (number % 0x10000), 12);
  const opaque = sentinel.toString('latin1', 12, 16);
  return {
    sentinel,
    take: taking(
      takeBinary,
      reply => typeof reply !== 'string' && reply.head.slice(12, 16) === opaque && reply.head.charCodeAt(1) === NOOP,
    ),
  };
}

/** RESP: a PING with a word that no other has; also while subscribed. */
function pingFraming(number: number): Framing {
  const word = `sentinel-${number}`;
  const bulk = `$${word.length}\r\n${word}\r\n`;
  return {
    sentinel: encodeWords('PING', word),
    take: taking(takeResp, reply => reply === bulk || joined(reply) === `*2\r\n$4\r\npong\r\n${bulk}`),
  };
}

/** RESP: each command has its replies. */
function countedFraming(step: Step): Framing {
  const wanted = step.commands.reduce((sum, { replies = 1 }) => sum + replies, 0);
  const ends = step.commands.some(command => command.ends);
  return {
    sentinel: Buffer.alloc(0),
    take: (bytes, ended, need) => {
      const [replies, pushes]: [Reply[], Reply[]] = [[], []];
      let end = 0;
      while (ends || replies.length < wanted) {
        const taken = takeResp(bytes, end, need);
        if (!taken) break;
        end = taken.end;
        (isPush(taken.reply) ? pushes : replies).push(taken.reply);
      }
      if (!ends && replies.length === wanted) return { replies, pushes, end };
      if (!ended) return undefined;
      if (end < bytes.length) replies.push(bytes.toString('latin1', end));
      return { replies: [...replies, '(connection closed)'], pushes, end: bytes.length };
    },
  };
}
