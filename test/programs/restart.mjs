// Starts and stops a server in one process, again and again: `node restart.mjs <runtime> <times>`. Prints a line of JSON
// after each time with what the process then holds.
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '../../dist/index.js';

const [runtime, times] = process.argv.slice(2);
const VALUE = 'v'.repeat(1024 * 1024);
const VALUES = 24;
const CONNECTIONS = 20;
/** The kernel frees a ring, its memory and its file some time after it was closed. */
const SETTLE_MS = 50;

/** Sends, and waits for so many bytes of replies. */
function exchange(port, text, length) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    let got = 0;
    socket.on('data', chunk => {
      got += chunk.length;
      if (got === length) socket.end(resolve);
    });
    socket.on('error', reject);
    socket.write(text);
  });
}

for (let time = 0; time < Number(times); time += 1) {
  const server = await serve({
    server: { listen: '127.0.0.1:0', runtime, workers: 2 },
    http: { listen: '127.0.0.1:0' },
    logging: { level: 'silent' },
  });
  const port = Number(server.addresses[0].split(':')[1]);
  for (let number = 0; number < VALUES; number += 1) {
    const reply = `STORED\r\nVALUE big-${number} 0 ${VALUE.length}\r\n${VALUE}\r\nEND\r\n`;
    const request = `set big-${number} 0 0 ${VALUE.length}\r\n${VALUE}\r\nget big-${number}\r\n`;
    await exchange(port, request, reply.length);
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, () => exchange(port, 'get absent\r\n', 5)));
  const drained = await server.close();
  await sleep(SETTLE_MS);
  globalThis.gc();
  const status = readFileSync('/proc/self/status', 'utf8');
  process.stdout.write(
    `${JSON.stringify({
      drained,
      descriptors: readdirSync('/proc/self/fd').length,
      threads: Number(/^Threads:\s+(\d+)/m.exec(status)[1]),
      rssBytes: 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]),
    })}\n`,
  );
}
