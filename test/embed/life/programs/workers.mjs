// Threads that come and go while others use the same cache: one scene per run, named by the first argument.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, check, client, held, open, report, serve, startWorker, usage } from './support.mjs';

/** Threads that are ended in the middle of something. */
const TIMES = 20;
/** Milliseconds that they have for it at most. */
const AT_WORK_MS = 30;
/** Waits for what another thread brings about: at most so long. */
const GUARD_MS = 10_000;

async function until(what, holds) {
  const end = Date.now() + GUARD_MS;
  while (!(await holds())) {
    check(Date.now() < end, what);
    await sleep(5);
  }
}

/** That the cache does what it should. */
function works(cache) {
  for (let n = 0; n < 100; n++) cache.set(`works ${n}`, `${n}`);
  for (let n = 0; n < 100; n++) check(cache.getString(`works ${n}`) === `${n}`, `what was written under ${n} is there`);
}

const SCENES = {
  async 'in the middle of calls'() {
    const cache = open();
    for (let n = 0; n < TIMES; n++) {
      const { worker } = await startWorker('hot');
      await sleep(Math.random() * AT_WORK_MS);
      await worker.terminate();
      works(cache);
    }
  },
  async 'in the middle of streams'() {
    const cache = open();
    const server = await serve(cache);
    for (let n = 0; n < TIMES; n++) {
      const { worker } = await startWorker('streams');
      await sleep(Math.random() * AT_WORK_MS);
      await worker.terminate();
      works(cache);
      const { receiving, sending } = held(server);
      check(receiving === 0 && sending === 0, `nothing is held, but ${receiving} and ${sending} bytes are`);
    }
  },
  async 'holding streams'() {
    const cache = open();
    const server = await serve(cache);
    const [reads, writes] = [await startWorker('reads'), await startWorker('writes')];
    check(held(server).sending > 0 && held(server).receiving > 0, 'bytes are held by streams');
    await reads.worker.terminate();
    check(held(server).sending === 0, 'a version is let go with the thread that read it');
    await writes.worker.terminate();
    check(held(server).receiving === 0, 'a reservation ends with the thread that wrote');
    check(cache.getString('write') === undefined, 'nothing was stored');
    works(cache);
  },
  async 'that serves'() {
    const cache = open();
    const { worker, message } = await startWorker('serves');
    const socket = await client(message);
    cache.set('key', 'value');
    check((await ask(socket, 'get key\r\n')).startsWith('VALUE key 0 5'), 'its clients see what others write');
    const closed = once(socket, 'close');
    await worker.terminate();
    await closed;
    const [host, port] = message.addresses[0].split(':');
    const refused = connect(Number(port), host);
    const [error] = await once(refused, 'error');
    check(error.code === 'ECONNREFUSED', 'it listens no more');
    works(cache);
    const server = await serve(cache);
    const other = await client(server);
    check((await ask(other, 'get key\r\n')).startsWith('VALUE key 0 5'), 'another may serve it');
    other.end();
  },
  async 'that loads'() {
    const cache = open();
    const server = await serve(cache);
    const { worker } = await startWorker('loads');
    check(String(await cache.fetch('load:1')) === 'loaded load:1', 'it loads for others');
    const socket = await client(server);
    const running = once(worker, 'message');
    const answered = ask(socket, 'get load:never\r\n');
    const fetched = cache.fetch('load:never').catch(error => error.code);
    await running;
    await worker.terminate();
    // Without it there is no loader any more, so the key is just not there.
    check((await answered) === 'END\r\n', 'clients that waited are answered');
    check((await fetched) === undefined, 'calls that waited are answered');
    check((await ask(socket, 'get load:2\r\n')) === 'END\r\n', 'clients find nothing any more');
    check((await cache.fetch('load:2')) === undefined, 'nor do calls');
    socket.end();
    works(cache);
  },
  async 'that exits'() {
    const cache = open();
    for (let n = 0; n < 5; n++) {
      const { exited } = await startWorker('exits');
      const [code] = await exited;
      check(code === 7, `it ends with its own code, not ${code}`);
      works(cache);
    }
    await (await serve(cache)).close();
  },
  async 'ten at once'() {
    const cache = open();
    const workers = await Promise.all(Array.from({ length: 10 }, (_, number) => startWorker('counts', { number })));
    const counted = workers.map(async ({ worker }) => {
      worker.postMessage(2000);
      return (await once(worker, 'message'))[0];
    });
    for (const count of await Promise.all(counted)) check(count === '2000', `each has counted, not ${count}`);
    for (let n = 0; n < 10; n++) check(cache.getString(`count ${n}`) === '2000', `all see the count of ${n}`);
    await Promise.all(workers.map(({ worker }) => worker.terminate()));
  },
  async 'one after another'() {
    const [total, atOnce, first] = process.argv.slice(3).map(Number);
    const cache = open();
    let before = await usage();
    for (let number = 0; number < total; number += atOnce) {
      if (number === first) before = await usage();
      await Promise.all(
        Array.from({ length: atOnce }, async (_, n) => {
          const { message, exited } = await startWorker('visits', { number: number + n });
          check(message === 'was here', 'each reads what it wrote');
          await exited;
        }),
      );
    }
    await until('threads that have ended are gone', async () => (await usage()).threads <= before.threads);
    const after = await usage();
    for (let n = 0; n < total; n++) check(cache.getString(`visit ${n}`) === 'was here', 'what they wrote is there');
    report({ before, after });
  },
};

await SCENES[process.argv[2]]();
