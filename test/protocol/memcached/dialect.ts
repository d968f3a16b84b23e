/** How the memcached tables are written: templates of text, `\r\n` written out. */
import { type Dialect, type Entry, fill, type Step } from '../../harness/table.ts';

/** memcached's sentinel: an error that hardly another row provokes. */
export const memcachedDialect: Dialect = {
  sentinel: {
    send: Buffer.from('incr sentinel x\r\n'),
    reply: Buffer.from('CLIENT_ERROR invalid numeric delta argument\r\n'),
  },
  version: 2,
};

/** One exchange from a template and what must come back. */
export function step(send: string, expect: string | RegExp): Step {
  return {
    send: run => Buffer.from(fill(send, run), 'latin1'),
    expect: run => {
      if (typeof expect === 'string') return Buffer.from(fill(expect, run), 'latin1');
      return new RegExp(fill(expect.source, run), expect.flags);
    },
  };
}

/** A row of one exchange. */
export function row(name: string, send: string, expect: string | RegExp, more: Partial<Entry> = {}): Entry {
  return { name, steps: [step(send, expect)], ...more };
}

/** A row of several exchanges, each waiting for the one before. */
export function rows(
  name: string,
  exchanges: readonly (readonly [string, string | RegExp])[],
  more: Partial<Entry> = {},
): Entry {
  return { name, steps: exchanges.map(([send, expect]) => step(send, expect)), ...more };
}
