/** Requests and replies of RESP as tests write them. */

/** A command as it goes over the wire: an array of bulk strings. Strings are latin1. */
export function command(...words: readonly (string | Buffer | number)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word), 'latin1');
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** A reply; the version matters for nulls, maps and sets. */
export type Reply = string | ((version: 2 | 3) => string);

/** The bytes (latin1) of a reply. */
export function encode(reply: Reply, version: 2 | 3): string {
  return typeof reply === 'string' ? reply : reply(version);
}

export const OK = '+OK\r\n';
/** No such value. */
export const NIL: Reply = version => (version === 3 ? '_\r\n' : '$-1\r\n');

export function int(value: number | bigint): string {
  return `:${value}\r\n`;
}

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

export function error(text: string): string {
  return `-${text}\r\n`;
}

export function array(...items: readonly Reply[]): Reply {
  return version => `*${items.length}\r\n${items.map(item => encode(item, version)).join('')}`;
}

/** A map: flat under RESP2. */
export function map(...items: readonly Reply[]): Reply {
  return version =>
    `${version === 3 ? `%${items.length / 2}` : `*${items.length}`}\r\n${items.map(item => encode(item, version)).join('')}`;
}

/** A set: an array under RESP2. */
export function set(...items: readonly Reply[]): Reply {
  return version =>
    `${version === 3 ? '~' : '*'}${items.length}\r\n${items.map(item => encode(item, version)).join('')}`;
}
