// memcached's requests of the soak, with what may come back.
import { unexpected } from './client.mjs';
import { describing, LONGEST_VALUE_BYTES } from './random.mjs';

/** @typedef {import('./client.mjs').Client} Client */
/** @typedef {import('./client.mjs').Operation} Operation */
/** @typedef {import('./connection.mjs').Connection} Connection */

const END = Buffer.from('\r\n');
const OUT_OF_MEMORY = 'SERVER_ERROR out of memory storing object';
const TOO_LARGE = 'SERVER_ERROR object too large for cache';
const LONGEST_ADDITION_BYTES = 64;
const MAX_FLAGS = 2 ** 32;

/** @param {Client} client @returns seconds, mostly none */
const time = ({ random }) => (random.chance(0.6) ? 0 : random.of([1, 2, 3, 100]));

/**
 * @param {string} line
 * @param {Buffer} value
 */
const store = (line, value) => Buffer.concat([Buffer.from(`${line}\r\n`), value, END]);

/**
 * set, add and replace.
 * @param {'set' | 'add' | 'replace'} verb
 * @returns {(client: Client) => Operation}
 */
const write = verb => client => {
  const { random, model } = client;
  const key = client.key();
  const value = random.value(random.length());
  const flags = random.below(MAX_FLAGS);
  const seconds = time(client);
  return {
    bytes: store(`${verb} ${key} ${flags} ${seconds} ${value.length}`, value),
    requests: 1,
    async check(connection, sent) {
      const reply = await connection.line();
      if (reply === 'STORED') {
        if (verb === 'add') client.miss(key);
        if (verb === 'replace') model.present(key, sent);
        model.wrote(key, value, sent, { ttlMs: seconds * 1000, flags });
      } else if (reply === 'NOT_STORED' && verb === 'add') model.present(key, sent);
      else if (reply === 'NOT_STORED' && verb === 'replace') client.miss(key);
      else if (reply === OUT_OF_MEMORY) client.refuse(key);
      else throw unexpected(reply, `${verb} ${key} of ${value.length} bytes`);
    },
  };
};

/**
 * append and prepend.
 * @param {'append' | 'prepend'} verb
 * @returns {(client: Client) => Operation}
 */
const extend = verb => client => {
  const { random, model } = client;
  const key = client.key();
  const more = random.value(1 + random.below(LONGEST_ADDITION_BYTES));
  return {
    bytes: store(`${verb} ${key} 0 0 ${more.length}`, more),
    requests: 1,
    async check(connection, sent) {
      const reply = await connection.line();
      if (reply === 'NOT_STORED') {
        client.miss(key);
        return;
      }
      const known = model.present(key, sent);
      if (reply === OUT_OF_MEMORY) client.refuse(key);
      else if (reply === TOO_LARGE && (!known || known.value.length + more.length > LONGEST_VALUE_BYTES)) return;
      else if (reply !== 'STORED') throw unexpected(reply, `${verb} ${key}`);
      else if (known) model.changed(key, Buffer.concat(verb === 'append' ? [known.value, more] : [more, known.value]));
    },
  };
};

/**
 * Takes one `VALUE` line's facts.
 * @param {string} line
 * @param {string} request
 */
function valueLine(line, request) {
  const [word, key = '', flags, length, token] = line.split(' ');
  if (word !== 'VALUE') throw unexpected(line, request);
  return { key, flags: Number(flags), length: Number(length), token };
}

/**
 * Takes the reply to a retrieval of own keys.
 * @param {Client} client
 * @param {readonly string[]} keys
 * @param {string} request
 * @param {Connection} connection
 * @param {number} sent
 * @returns {Promise<Map<string, string | undefined>>} the keys found, with their CAS tokens
 */
async function takeValues(client, keys, request, connection, sent) {
  const left = [...keys];
  const found = new Map();
  for (let line = await connection.line(); line !== 'END'; line = await connection.line()) {
    const { key, flags, length, token } = valueLine(line, request);
    while (left.length > 0 && left[0] !== key) client.miss(left.shift() ?? '');
    if (left.shift() !== key) throw unexpected(line, request);
    await client.takeOwn(connection, key, length, sent, flags);
    if ((await connection.line()) !== '') throw unexpected(line, `${request}: no end of the value`);
    found.set(key, token);
  }
  for (const key of left) client.miss(key);
  return found;
}

/** @param {Client} client @returns {Operation} */
const get = client => {
  const keys = client.someKeys();
  const request = `${client.random.of(['get', 'gets'])} ${keys.join(' ')}`;
  return {
    bytes: Buffer.from(`${request}\r\n`),
    requests: 1,
    check: async (connection, sent) => void (await takeValues(client, keys, request, connection, sent)),
  };
};

/** @param {Client} client @returns {Operation} */
const getAndTouch = client => {
  const key = client.key();
  const seconds = time(client);
  const request = `gat ${seconds} ${key}`;
  return {
    bytes: Buffer.from(`${request}\r\n`),
    requests: 1,
    async check(connection, sent) {
      const found = await takeValues(client, [key], request, connection, sent);
      if (found.size > 0) client.model.touched(key, sent, seconds * 1000);
    },
  };
};

/** @param {Client} client @returns {Operation} */
const touch = client => {
  const key = client.key();
  const seconds = time(client);
  return {
    bytes: Buffer.from(`touch ${key} ${seconds}\r\n`),
    requests: 1,
    async check(connection, sent) {
      const reply = await connection.line();
      if (reply === 'TOUCHED') {
        client.model.present(key, sent);
        client.model.touched(key, sent, seconds * 1000);
      } else if (reply === 'NOT_FOUND') client.miss(key);
      else throw unexpected(reply, `touch ${key}`);
    },
  };
};

/** @param {Client} client @returns {Operation} */
const remove = client => {
  const key = client.key();
  return {
    bytes: Buffer.from(`delete ${key}\r\n`),
    requests: 1,
    async check(connection, sent) {
      const reply = await connection.line();
      if (reply === 'DELETED') {
        client.model.present(key, sent);
        client.model.removed(key);
      } else if (reply === 'NOT_FOUND') client.miss(key);
      else throw unexpected(reply, `delete ${key}`);
    },
  };
};

/** A counter is made if it is not there, then counted up or down. @param {Client} client @returns {Operation} */
const count = client => {
  const { random, model } = client;
  const key = client.counter();
  const start = String(random.below(1000));
  const step = client.step();
  const verb = random.of(['incr', 'decr']);
  return {
    bytes: Buffer.from(`add ${key} 0 0 ${start.length}\r\n${start}\r\n${verb} ${key} ${step}\r\n`),
    requests: 2,
    async check(connection, sent) {
      const added = await connection.line();
      if (added === 'STORED') {
        client.miss(key);
        model.wrote(key, Buffer.from(start), sent);
      } else if (added === 'NOT_STORED') model.present(key, sent);
      else throw unexpected(added, `add ${key}`);
      const reply = await connection.line();
      if (reply === 'NOT_FOUND') {
        client.miss(key);
        return;
      }
      const known = model.present(key, sent);
      const before = Number(known?.value);
      const after = String(verb === 'incr' ? before + step : Math.max(0, before - step));
      if (known && reply !== after) throw unexpected(reply, `${verb} ${key} of ${before} by ${step}`);
      model.changed(key, Buffer.from(after));
    },
  };
};

/** A write without an answer, seen by the read that follows it. @param {Client} client @returns {Operation} */
const quietly = client => {
  const { random, model } = client;
  const key = client.key();
  const value = random.value(1 + random.below(1000));
  const request = `get ${key}`;
  return {
    bytes: Buffer.concat([store(`set ${key} 7 0 ${value.length} noreply`, value), Buffer.from(`${request}\r\n`)]),
    requests: 2,
    async check(connection, sent) {
      model.wrote(key, value, sent, { flags: 7 });
      await takeValues(client, [key], request, connection, sent);
      // Not before: a flush may have come between the replies before and this write.
      model.confirmed(key);
    },
  };
};

/** @param {Client} client @returns {Operation} */
const writeShared = client => {
  const key = client.shared();
  const value = describing(key, client.random);
  return {
    bytes: store(`set ${key} 0 ${time(client)} ${value.length}`, value),
    requests: 1,
    async check(connection) {
      const reply = await connection.line();
      if (reply === OUT_OF_MEMORY) client.refusals += 1;
      else if (reply !== 'STORED') throw unexpected(reply, `set ${key}`);
    },
  };
};

/** @param {Client} client @returns {Operation} */
const readShared = client => {
  const key = client.shared();
  return {
    bytes: Buffer.from(`get ${key}\r\n`),
    requests: 1,
    async check(connection) {
      const line = await connection.line();
      if (line === 'END') {
        client.misses += 1;
        return;
      }
      const { length } = valueLine(line, `get ${key}`);
      await client.takeShared(connection, key, length);
      for (const wanted of ['', 'END']) {
        const end = await connection.line();
        if (end !== wanted) throw unexpected(end, `get ${key}`);
      }
    },
  };
};

/** A CAS that must succeed and one with a token that is over. @param {Client} client @param {Connection} connection */
async function compareAndSwap(client, connection) {
  const { random, model } = client;
  const key = client.key();
  const asked = performance.now();
  connection.send(Buffer.from(`gets ${key}\r\n`));
  const token = (await takeValues(client, [key], `gets ${key}`, connection, asked)).get(key);
  if (token === undefined) return 1;
  for (const wanted of ['STORED', 'EXISTS']) {
    const value = random.value(1 + random.below(1000));
    const sent = performance.now();
    connection.send(store(`cas ${key} 3 0 ${value.length} ${token}`, value));
    const reply = await connection.line();
    if (reply === OUT_OF_MEMORY) {
      // Whether the token is still good is not known.
      client.refuse(key);
      return wanted === 'STORED' ? 2 : 3;
    }
    if (reply === 'NOT_FOUND') client.miss(key);
    else if (reply !== wanted) throw unexpected(reply, `cas ${key} ${token}`);
    else if (reply === 'STORED') {
      model.present(key, sent);
      model.wrote(key, value, sent, { flags: 3 });
    } else model.present(key, sent);
  }
  return 3;
}

/** memcached's text protocol. */
export const memcached = {
  /** @type {readonly ((client: Client) => Operation)[]} */
  operations: [
    write('set'),
    write('set'),
    write('add'),
    write('replace'),
    extend('append'),
    extend('prepend'),
    get,
    get,
    get,
    getAndTouch,
    touch,
    remove,
    count,
    quietly,
    writeShared,
    readShared,
    readShared,
  ],
  /** An exchange that cannot be pipelined; answers how many requests it was. */
  exchange: compareAndSwap,
  quit: { bytes: Buffer.from('quit\r\n'), reply: '' },
};
