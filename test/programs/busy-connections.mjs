// Keeps many connections busy: `node busy-connections.mjs <port> <connections> <rounds>`. Each stores a value of its own
// over memcached or RESP and reads it back, `rounds` times. Ends with `done <requests>` or with the first wrong answer.
import net from 'node:net';

const [port, connections, rounds] = process.argv.slice(2).map(Number);

function exchange(index, round) {
  const value = `${index}:${round}:`.repeat(1 + ((index * 7 + round * 13) % 400));
  const key = `busy-${index}`;
  if (index % 2 === 0) {
    return {
      request: `set ${key} 0 0 ${value.length}\r\n${value}\r\nget ${key}\r\n`,
      reply: `STORED\r\nVALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`,
    };
  }
  const bulk = text => `$${text.length}\r\n${text}\r\n`;
  return {
    request: `*3\r\n${bulk('SET')}${bulk(key)}${bulk(value)}*2\r\n${bulk('GET')}${bulk(key)}`,
    reply: `+OK\r\n${bulk(value)}`,
  };
}

function client(index) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.setEncoding('latin1');
    let round = 0;
    let got = '';
    let wanted = '';
    const next = () => {
      if (round === rounds) {
        socket.end();
        resolve();
        return;
      }
      const { request, reply } = exchange(index, round);
      round += 1;
      got = '';
      wanted = reply;
      socket.write(request);
    };
    socket.on('connect', next);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`connection ${index} ended in round ${round}`)));
    socket.on('data', text => {
      got += text;
      if (got === wanted) next();
      else if (!wanted.startsWith(got)) reject(new Error(`connection ${index}: wanted ${wanted}, got ${got}`));
    });
  });
}

try {
  await Promise.all(Array.from({ length: connections }, (_, index) => client(index)));
  process.stdout.write(`done ${connections * rounds * 2}\n`);
} catch (error) {
  process.stdout.write(`${error.message}\n`);
  process.exitCode = 1;
}
