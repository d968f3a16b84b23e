/** What a random stream is made of: commands, in steps that are one pipeline each. */
import { command as encodeWords } from '../harness/resp.ts';
import type { Reply } from './reply.ts';

/** A token that each server made itself (a CAS token): that of a key that appeared `back` appearances ago. */
export interface Token {
  readonly key: string;
  readonly back: number;
  /** As eight bytes, not as digits. */
  readonly binary?: boolean;
}

/** Bytes that both servers get, or what each of them gets in its own form. */
export type Part = Buffer | Token;

/** One command. */
export interface Command {
  /** In capitals, for rules and messages; RESP's sub-commands are not part of it. */
  readonly name: string;
  readonly parts: readonly Part[];
  /** RESP: the words, for rules that must know them. */
  readonly words?: readonly Buffer[];
  /** RESP: how many replies it has; 1 if not given. */
  readonly replies?: number;
  /** True if the server is to end the connection. */
  readonly ends?: boolean;
  /** RESP: the next command of an iteration, made from a server's own reply; `undefined` at its end. */
  readonly next?: (reply: Reply) => Buffer | undefined;
}

/** A pipeline that one connection sends; the next step begins when both servers have answered it. */
export interface Step {
  readonly connection: number;
  readonly commands: readonly Command[];
  /** True if its commands may have any number of replies. */
  readonly uncounted?: boolean;
  /** Where the bytes are cut into writes, as shares of them; none for one write. */
  readonly cuts: readonly number[];
  /** Waits so long before the next step: what was set to expire at once has expired on both servers. */
  readonly restMs?: number;
}

/** Strings are latin1: `\xff` is one byte. */
export type Word = string | Buffer | number;

export function bytes(word: Word): Buffer {
  return Buffer.isBuffer(word) ? word : Buffer.from(String(word), 'latin1');
}

/** A command of RESP as an array of bulk strings. */
export function resp(...words: readonly Word[]): Command {
  return {
    name: String(words[0]).toUpperCase(),
    parts: [encodeWords(...words)],
    words: words.map(bytes),
  };
}

/** A command of memcached's text protocol: texts, values and tokens. */
export function text(...parts: readonly (string | Part)[]): Command {
  const [first = ''] = parts;
  return {
    name: typeof first === 'string' ? (first.trim().split(/\s/)[0] ?? '').toUpperCase() : 'DATA',
    parts: parts.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  };
}

/** Longest part of a command or reply that a message shows, and what is shown before the place that matters. */
const SHOWN = { chars: 160, before: 60 };
const SHORTEST_RUN = 16;

/** Bytes for a message: runs of one byte as `{x*249}`, and of long ones only the part around a place. */
export function show(value: Buffer | string, place = 0): string {
  const latin1 = typeof value === 'string' ? value : value.toString('latin1');
  const start = latin1.length <= SHOWN.chars ? 0 : Math.max(0, place - SHOWN.before);
  const runs = new RegExp(`(.)\\1{${SHORTEST_RUN - 1},}`, 'gs');
  const text = latin1.slice(start).replace(runs, (run, char: string) => `{${char}*${run.length}}`);
  const cut = JSON.stringify(text.slice(0, SHOWN.chars));
  const escaped = cut.replace(/[\x7f-\xff]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `${start > 0 ? '...' : ''}${escaped}${text.length > SHOWN.chars ? `... (${latin1.length} bytes)` : ''}`;
}

/** A command for a message: words if it has them, else its bytes. */
export function showCommand({ words, parts }: Command): string {
  if (words) return words.map(word => show(word)).join(' ');
  const bytes = Buffer.concat(
    parts.map(part => (Buffer.isBuffer(part) ? part : Buffer.from(`<token of ${part.key}, ${part.back} back>`))),
  );
  return show(bytes);
}
