/** Replies as trees: a leaf is the raw bytes (latin1), so that two trees are equal just if the bytes are. */
import { HEADER_BYTES } from '../harness/packet.ts';

/** A leaf, or what announces items and those items. */
export type Reply = string | { readonly head: string; readonly items: readonly Reply[] };

/** The bytes (latin1) again. */
export function joined(reply: Reply): string {
  return typeof reply === 'string' ? reply : reply.head + reply.items.map(joined).join('');
}

/** Whether two replies have the same bytes. */
export function same(one: Reply, other: Reply): boolean {
  return joined(one) === joined(other);
}

/** A reply and where it ends. */
export interface Taken {
  readonly reply: Reply;
  readonly end: number;
}

/** How many bytes there must be before it is worth looking again; 0 = with any more. */
export interface Need {
  bytes: number;
}

/** The line that starts at a place, with its end; `undefined` while it is not whole. */
export function lineAt(bytes: Buffer, start: number): string | undefined {
  const end = bytes.indexOf('\r\n', start, 'latin1');
  return end < 0 ? undefined : bytes.toString('latin1', start, end + 2);
}

const CONTAINERS: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2 };

/** One reply of RESP2 or RESP3; `undefined` while it is not whole. */
export function takeResp(bytes: Buffer, start: number, need?: Need): Taken | undefined {
  const line = lineAt(bytes, start);
  if (line === undefined) return undefined;
  const [kind = ''] = line;
  const afterLine = start + line.length;
  const count = Number(line.slice(1));
  if (kind === '$' || kind === '=') {
    if (count < 0) return { reply: line, end: afterLine };
    const end = afterLine + count + 2;
    if (end <= bytes.length) return { reply: bytes.toString('latin1', start, end), end };
    if (need) need.bytes = end;
    return undefined;
  }
  const perItem = CONTAINERS[kind];
  if (perItem === undefined || count < 0) return { reply: line, end: afterLine };
  const items: Reply[] = [];
  let end = afterLine;
  for (let left = count * perItem; left > 0; left--) {
    const item = takeResp(bytes, end, need);
    if (!item) return undefined;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: { head: line, items }, end };
}

/** The text within a simple or bulk string, or an integer's digits; empty for anything else. */
export function textOf(reply: Reply | undefined): string {
  if (typeof reply !== 'string') return '';
  if (reply.startsWith('$')) return reply.slice(reply.indexOf('\r\n') + 2, -2);
  return /^[+:]/.test(reply) ? reply.slice(1, -2) : '';
}

/** Whether it is what a server sends unasked: RESP3's pushes, RESP2's messages. */
export function isPush(reply: Reply): boolean {
  if (typeof reply === 'string') return false;
  return reply.head.startsWith('>')
    ? !/subscribe$/.test(textOf(reply.items[0]))
    : /^p?message$/.test(textOf(reply.items[0]));
}

const WITH_DATA = /^(?:VALUE \S+ \d+|VA) (\d+)[ \r]/;

/** One reply line of memcached's text protocol, with the value that it announces. */
export function takeText(bytes: Buffer, start: number, need?: Need): Taken | undefined {
  const line = lineAt(bytes, start);
  if (line === undefined) return undefined;
  const afterLine = start + line.length;
  const [, length] = WITH_DATA.exec(line) ?? [];
  if (length === undefined) return { reply: line, end: afterLine };
  const end = afterLine + Number(length) + 2;
  if (end > bytes.length) {
    if (need) need.bytes = end;
    return undefined;
  }
  return { reply: { head: line, items: [bytes.toString('latin1', afterLine, end)] }, end };
}

/** One packet of the binary protocol: the header, then extras, key and value as one item. */
export function takeBinary(bytes: Buffer, start: number, need?: Need): Taken | undefined {
  const afterHeader = start + HEADER_BYTES;
  if (afterHeader > bytes.length) return undefined;
  const end = afterHeader + bytes.readUInt32BE(start + 8);
  if (end > bytes.length) {
    if (need) need.bytes = end;
    return undefined;
  }
  const head = bytes.toString('latin1', start, afterHeader);
  return { reply: { head, items: [bytes.toString('latin1', afterHeader, end)] }, end };
}
