// A cache that this program calls directly, and that memcached clients reach over the network at the same time. The
// requests of clients are answered by threads of their own: they do not wait for JavaScript.
//
// In a clone, after `npm install` and `npm run build`: node examples/serve-memcached.mjs, and then, beside it,
//   printf 'get greeting\r\nset name 0 0 3\r\nAda\r\nquit\r\n' | nc 127.0.0.1 11211
// It ends with Ctrl-C.
import memjs from 'memjs';
import { Cache } from 'ringstone';

const cache = Cache.open({ name: 'embedded', maxMemory: '64mb' });
const server = await cache.serve({ listen: process.env.LISTEN ?? '127.0.0.1:11211' });
// Until it is closed, the program goes on.
server.ref();
console.log(`memcached clients: ${server.addresses[0]}`);

// What is written here is read there ...
cache.set('greeting', 'hello from JavaScript', { ttl: 60_000 });
const client = memjs.Client.create(server.addresses[0]);
const { value } = await client.get('greeting');
console.log(`memjs reads: ${value}`);

// ... and what is written there is read here.
await client.set('answer', 'hello from memjs', { expires: 60 });
console.log(`JavaScript reads: ${cache.getString('answer')}`);
client.close();

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    console.log(`left by clients: ${cache.getString('name') ?? 'nothing'}`);
    await server.close();
    cache.close();
  });
}
