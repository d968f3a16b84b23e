// What a get and a set look like, and what answers them, in the protocols of the servers.

/**
 * @typedef {object} Dialect
 * @property {(key: string) => string} get
 * @property {(key: string, bytes: number, life_s: number) => string} setHead what stands before the value
 * @property {(life_s: number) => string} setTail what stands behind it
 * @property {string} stored answers a set
 * @property {string} miss answers a get; `hitHead`, the value and `hitTail` do so if the key is there
 * @property {(key: string, bytes: number) => string} hitHead
 * @property {string} hitTail
 */

/** @param {readonly string[]} words */
const bulks = words => words.map(word => `$${word.length}\r\n${word}\r\n`).join('');

/** @satisfies {Record<string, Dialect>} */
export const DIALECTS = {
  memcached: {
    get: key => `get ${key}\r\n`,
    setHead: (key, bytes, life_s) => `set ${key} 0 ${life_s} ${bytes}\r\n`,
    setTail: () => '\r\n',
    stored: 'STORED\r\n',
    miss: 'END\r\n',
    hitHead: (key, bytes) => `VALUE ${key} 0 ${bytes}\r\n`,
    hitTail: '\r\nEND\r\n',
  },
  resp: {
    get: key => `*2\r\n${bulks(['GET', key])}`,
    setHead: (key, bytes, life_s) => `*${life_s > 0 ? 5 : 3}\r\n${bulks(['SET', key])}$${bytes}\r\n`,
    setTail: life_s => `\r\n${life_s > 0 ? bulks(['EX', String(life_s)]) : ''}`,
    stored: '+OK\r\n',
    miss: '$-1\r\n',
    hitHead: (_, bytes) => `$${bytes}\r\n`,
    hitTail: '\r\n',
  },
};
