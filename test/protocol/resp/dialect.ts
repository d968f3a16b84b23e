/** How the RESP tables are written: a command's words in one text, and the reply. */
import { command, encode, type Reply } from '../../harness/resp.ts';
import { type Dialect, type Entry, fill, type Step } from '../../harness/table.ts';

const SENTINEL = 'sentinel-of-the-tables';

/** RESP's sentinel is an ECHO that no row sends. */
export function respDialect(version: 2 | 3): Dialect {
  return {
    async prepare(wire) {
      if (version === 2) return;
      await wire.send(command('HELLO', '3'));
      // The reply's map is a row of its own; here only its end matters.
      await wire.send(command('ECHO', SENTINEL));
      await wire.readThrough(`$${SENTINEL.length}\r\n${SENTINEL}\r\n`);
    },
    sentinel: { send: command('ECHO', SENTINEL), reply: Buffer.from(`$${SENTINEL.length}\r\n${SENTINEL}\r\n`) },
    version,
  };
}

/** Words separated by single spaces, words given one by one (for spaces and nothing within), or raw bytes. */
export type Words = string | readonly string[] | { raw: string };

/** What must come back: a reply, or a pattern over the whole (latin1). */
export type Wanted = Reply | RegExp;

const SLACK_S = 20;

/** TTL's answer for a time that was given this many seconds at most `SLACK_S` ago: a busy machine takes its time. */
export function secondsLeft(seconds: number): RegExp {
  const values = Array.from({ length: SLACK_S + 1 }, (_, gone) => seconds - gone);
  return new RegExp(`^:(${values.join('|')})\\r\\n$`);
}

function encodeWords(words: Words, run: Parameters<Step['send']>[0]): Buffer {
  if (typeof words === 'object' && 'raw' in words) return Buffer.from(fill(words.raw, run), 'latin1');
  const list = typeof words === 'string' ? words.split(' ') : words;
  return command(...list.map(word => fill(word, run)));
}

/** One exchange. */
export function step(words: Words, wanted: Wanted): Step {
  return {
    send: run => encodeWords(words, run),
    expect: run => {
      if (wanted instanceof RegExp) return new RegExp(fill(wanted.source, run), wanted.flags);
      return Buffer.from(fill(encode(wanted, run.version), run), 'latin1');
    },
  };
}

/** A row: command, reply, command, reply ... sent as one pipeline where no pattern is among the replies. */
export function row(name: string, exchanges: readonly (readonly [Words, Wanted])[], more: Partial<Entry> = {}): Entry {
  const steps = exchanges.map(([words, wanted]) => step(words, wanted));
  const pipelined = exchanges.every(([, wanted]) => !(wanted instanceof RegExp));
  return { name, steps: pipelined ? [joined(steps)] : steps, ...more };
}

function joined(steps: readonly Step[]): Step {
  return {
    send: run => Buffer.concat(steps.map(one => one.send(run))),
    expect: run => Buffer.concat(steps.map(one => one.expect(run) as Buffer)),
  };
}
