// RESP's requests of the soak (RESP2), with what may come back.
import { unexpected } from './client.mjs';
import { describing, LONGEST_VALUE_BYTES } from './random.mjs';

/** @typedef {import('./client.mjs').Client} Client */
/** @typedef {import('./client.mjs').Operation} Operation */
/** @typedef {import('./connection.mjs').Connection} Connection */

const END = Buffer.from('\r\n');
const OUT_OF_MEMORY = /^-OOM /;
const TOO_LARGE = /^-ERR string exceeds maximum allowed size/;
const LONGEST_ADDITION_BYTES = 64;
const ABSENT_BULK = '$-1';

/** @param {Client} client @returns milliseconds, mostly none */
const time = ({ random }) => (random.chance(0.6) ? 0 : random.of([300, 1000, 2500, 100_000]));

/**
 * A request as an array of bulk strings.
 * @param {...(string | number | Buffer)} words
 */
function command(...words) {
  /** @type {Buffer[]} */
  const parts = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, END);
  }
  return Buffer.concat(parts);
}

/**
 * An operation of one request with a reply of one line.
 * @param {readonly (string | number | Buffer)[]} words
 * @param {(reply: string, sent: number) => boolean} take false for a reply that cannot be
 * @returns {Operation}
 */
const simple = (words, take) => ({
  bytes: command(...words),
  requests: 1,
  async check(connection, sent) {
    const reply = await connection.line();
    if (!take(reply, sent)) throw unexpected(reply, words.filter(word => !Buffer.isBuffer(word)).join(' '));
  },
});

/**
 * Takes a bulk string of an own key.
 * @param {Client} client
 * @param {string} key
 * @param {Connection} connection
 * @param {number} sent
 */
async function takeBulk(client, key, connection, sent) {
  const line = await connection.line();
  if (line === ABSENT_BULK) {
    client.miss(key);
    return;
  }
  if (!/^\$\d+$/.test(line)) throw unexpected(line, `a value of ${key}`);
  await client.takeOwn(connection, key, Number(line.slice(1)), sent);
  await takeEnd(connection, key);
}

/**
 * @param {Connection} connection
 * @param {string} key
 */
async function takeEnd(connection, key) {
  const end = await connection.line();
  if (end !== '') throw unexpected(end, `the end of ${key}`);
}

/** @param {Client} client @returns {Operation} */
const set = client => {
  const { random, model } = client;
  const key = client.key();
  const value = random.value(random.length());
  const ttlMs = time(client);
  const condition = random.of(['', '', 'NX', 'XX']);
  const words = ['SET', key, value, ...(ttlMs > 0 ? ['PX', ttlMs] : []), ...(condition ? [condition] : [])];
  return simple(words, (reply, sent) => {
    if (OUT_OF_MEMORY.test(reply)) client.refuse(key);
    else if (reply === ABSENT_BULK && condition === 'NX') model.present(key, sent);
    else if (reply === ABSENT_BULK && condition === 'XX') client.miss(key);
    else {
      if (condition === 'NX') client.miss(key);
      if (condition === 'XX') model.present(key, sent);
      model.wrote(key, value, sent, { ttlMs });
      return reply === '+OK';
    }
    return true;
  });
};

/** @param {Client} client @returns {Operation} */
const setAndGet = client => {
  const { random, model } = client;
  const key = client.key();
  const value = random.value(1 + random.below(5000));
  return {
    bytes: command('SET', key, value, 'GET'),
    requests: 1,
    async check(connection, sent) {
      await takeBulk(client, key, connection, sent);
      model.wrote(key, value, sent);
    },
  };
};

/** @param {Client} client @returns {Operation} */
const get = client => {
  const key = client.key();
  return {
    bytes: command('GET', key),
    requests: 1,
    check: (connection, sent) => takeBulk(client, key, connection, sent),
  };
};

/** @param {Client} client @returns {Operation} */
const getMany = client => {
  const keys = client.someKeys();
  return {
    bytes: command('MGET', ...keys),
    requests: 1,
    async check(connection, sent) {
      const line = await connection.line();
      if (line !== `*${keys.length}`) throw unexpected(line, 'MGET');
      for (const key of keys) await takeBulk(client, key, connection, sent);
    },
  };
};

/** @param {Client} client @returns {Operation} */
const setMany = client => {
  const { random, model } = client;
  const pairs = client.someKeys().map(key => ({ key, value: random.value(1 + random.below(2000)) }));
  return simple(['MSET', ...pairs.flatMap(({ key, value }) => [key, value])], (reply, sent) => {
    if (OUT_OF_MEMORY.test(reply)) for (const { key } of pairs) client.refuse(key);
    else for (const { key, value } of pairs) model.wrote(key, value, sent);
    return reply === '+OK' || OUT_OF_MEMORY.test(reply);
  });
};

/** @param {Client} client @returns {Operation} */
const append = client => {
  const { random, model } = client;
  const key = client.key();
  const more = random.value(1 + random.below(LONGEST_ADDITION_BYTES));
  return simple(['APPEND', key, more], (reply, sent) => {
    if (OUT_OF_MEMORY.test(reply)) {
      client.refuse(key);
      return true;
    }
    const length = Number(reply.slice(1));
    if (reply === `:${more.length}`) {
      // It was not there, or it cannot be known whether it was.
      client.miss(key);
      model.wrote(key, more, sent);
      return true;
    }
    const known = model.present(key, sent);
    if (TOO_LARGE.test(reply)) return !known || known.value.length + more.length > LONGEST_VALUE_BYTES;
    if (known) model.changed(key, Buffer.concat([known.value, more]));
    return reply.startsWith(':') && (!known || length === known.value.length);
  });
};

/** @param {Client} client @returns {Operation} */
const length = client => {
  const key = client.key();
  return simple(['STRLEN', key], (reply, sent) => {
    if (reply === ':0') client.miss(key);
    else {
      const known = client.model.present(key, sent);
      return reply.startsWith(':') && (!known || reply === `:${known.value.length}`);
    }
    return true;
  });
};

/**
 * A request about one own key that answers :1 for one that is there, :0 otherwise.
 * @param {(client: Client) => readonly (string | number)[]} make words without the key
 * @param {(client: Client, key: string, sent: number, words: readonly (string | number)[]) => void} done
 * @returns {(client: Client) => Operation}
 */
const flag = (make, done) => client => {
  const [verb = '', ...rest] = make(client);
  const key = client.key();
  return simple([verb, key, ...rest], (reply, sent) => {
    if (reply === ':1') {
      client.model.present(key, sent);
      done(client, key, sent, rest);
    } else if (reply === ':0') client.miss(key);
    return reply === ':1' || reply === ':0';
  });
};

/** Whether there is a time to live is known, how long it still is only about. @param {Client} client @returns {Operation} */
const timeToLive = client => {
  const key = client.key();
  return simple(['PTTL', key], (reply, sent) => {
    if (reply === ':-2') {
      client.miss(key);
      return true;
    }
    const known = client.model.present(key, sent);
    return !known || (reply === ':-1') === (known.latest === Number.POSITIVE_INFINITY);
  });
};

/** A counter is made if it is not there, then counted up. @param {Client} client @returns {Operation} */
const count = client => {
  const { model } = client;
  const key = client.counter();
  const step = client.step();
  return simple(['INCRBY', key, step], (reply, sent) => {
    const after = Number(reply.slice(1));
    if (after !== step) {
      const known = model.present(key, sent);
      if (known && after !== Number(known.value) + step) return false;
      model.changed(key, Buffer.from(String(after)));
      return /^:\d+$/.test(reply);
    }
    // It was not there, or was 0.
    if (!model.holds(key, '0')) client.miss(key);
    model.wrote(key, Buffer.from(reply.slice(1)), sent);
    return true;
  });
};

/** @param {Client} client @returns {Operation} */
const writeShared = client => {
  const key = client.shared();
  const ttlMs = time(client);
  return simple(['SET', key, describing(key, client.random), ...(ttlMs > 0 ? ['PX', ttlMs] : [])], reply => {
    if (OUT_OF_MEMORY.test(reply)) client.refusals += 1;
    return reply === '+OK' || OUT_OF_MEMORY.test(reply);
  });
};

/** @param {Client} client @returns {Operation} */
const readShared = client => {
  const key = client.shared();
  return {
    bytes: command('GET', key),
    requests: 1,
    async check(connection) {
      const line = await connection.line();
      if (line === ABSENT_BULK) {
        client.misses += 1;
        return;
      }
      if (!/^\$\d+$/.test(line)) throw unexpected(line, `GET ${key}`);
      await client.takeShared(connection, key, Number(line.slice(1)));
      await takeEnd(connection, key);
    },
  };
};

/** Two requests that wait for each other's reply. @param {Client} client @param {Connection} connection */
async function echo(client, connection) {
  for (const word of ['first', 'second']) {
    connection.send(command('PING', `${word}-${client.name}`));
    await connection.line();
    const reply = await connection.line();
    if (reply !== `${word}-${client.name}`) throw unexpected(reply, 'PING');
  }
  return 2;
}

/** RESP2. */
export const resp = {
  /** @type {readonly ((client: Client) => Operation)[]} */
  operations: [
    set,
    set,
    set,
    setAndGet,
    get,
    get,
    getMany,
    setMany,
    append,
    length,
    flag(
      () => ['DEL'],
      (client, key) => client.model.removed(key),
    ),
    flag(
      () => ['EXISTS'],
      () => undefined,
    ),
    flag(
      client => ['PEXPIRE', client.random.of([300, 1000, 100_000])],
      (client, key, sent, [ttlMs]) => client.model.touched(key, sent, Number(ttlMs)),
    ),
    timeToLive,
    count,
    writeShared,
    readShared,
    readShared,
  ],
  /** An exchange that cannot be pipelined; answers how many requests it was. */
  exchange: echo,
  quit: { bytes: command('QUIT'), reply: '+OK' },
};
