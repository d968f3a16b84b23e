// An API whose sessions and answers are in one cache, outside of the JavaScript heap and bounded in bytes.
//
// A loader stands before what is slow: however many requests ask for a report that is not there, it is made once, and all of
// them get it. For a minute it is fresh; for ten more it is answered at once while a new one is made.
//
// In a clone, after `npm install` and `npm run build`: node examples/express-api.mjs, and then, beside it,
//   curl --cookie-jar jar --cookie jar http://127.0.0.1:3000/visits
//   curl http://127.0.0.1:3000/reports/2026
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import session from 'express-session';
import { Cache } from 'ringstone';
import { SessionStore } from 'ringstone/express-session';

const cache = Cache.open({ name: 'api', maxMemory: '64mb', codec: 'json' });

let runs = 0;

/** What is slow: a query, a call to somebody else's API. */
async function makeReport(year, signal) {
  runs += 1;
  await sleep(300, undefined, { signal });
  return { year, run: runs };
}

cache.loader('report:', (key, { signal }) => makeReport(Number(key.slice('report:'.length)), signal), {
  ttl: 60_000,
  staleFor: 600_000,
  timeout: 5_000,
});

const app = express();
app.use(
  session({
    store: new SessionStore({ cache }),
    secret: process.env.SESSION_SECRET ?? 'for this example only',
    resave: false,
    saveUninitialized: false,
  }),
);

app.get('/visits', (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  response.json({ visits: request.session.visits });
});

app.get('/reports/:year', async (request, response) => {
  response.json(await cache.fetch(`report:${request.params.year}`));
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
await once(server, 'listening');
console.log(`http://127.0.0.1:${server.address().port}`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.closeAllConnections();
    server.close(() => cache.close());
  });
}
