// Opens many connections and holds them: `node idle-connections.mjs <port> <count>`. Says `open` when all are there; on
// each line of standard input asks over every connection for an absent key and says `answered <n>`; ends with its input.
import net from 'node:net';
import { createInterface } from 'node:readline';

const [port, count] = process.argv.slice(2).map(Number);
/** Connections being opened at once. */
const OPENING = 200;
const sockets = [];
const replies = [];

function open() {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    const index = sockets.push(socket) - 1;
    replies[index] = '';
    socket.setEncoding('latin1');
    socket.on('data', text => {
      replies[index] += text;
    });
    socket.once('error', reject);
    socket.once('connect', resolve);
    socket.on('close', () => process.stdout.write('lost\n'));
  });
}

let opened = 0;
await Promise.all(
  Array.from({ length: OPENING }, async () => {
    while (opened < count) {
      opened += 1;
      await open();
    }
  }),
);
process.stdout.write('open\n');

for await (const _line of createInterface({ input: process.stdin })) {
  replies.fill('');
  for (const socket of sockets) socket.write('get absent\r\n');
  while (replies.some(reply => reply.length < 'END\r\n'.length)) await new Promise(resolve => setTimeout(resolve, 10));
  process.stdout.write(`answered ${replies.filter(reply => reply === 'END\r\n').length}\n`);
}
process.exit(0);
