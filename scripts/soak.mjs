// `npm run soak -- --minutes 10`: mixed traffic against a server of its own, every reply checked, and a verdict.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Server } from '../test/soak/server.mjs';
import { Soak } from '../test/soak/soak.mjs';
import { ALLOWED_GROWTH_BYTES, judge, WARM_UP } from '../test/soak/verdict.mjs';
import { root } from './files.mjs';
import { ensureDependencies, ensureDist, ensureNative, main, say } from './setup.mjs';

const HELP = `npm run soak -- [options]

Runs mixed memcached and RESP traffic over TCP and a unix socket against a server of its own: connections come and go,
also in the middle of requests, values have 1 byte to 8 MiB, keys expire, are evicted and flushed. Each client checks
what it reads against what it wrote. Ends with a verdict: every reply right, the server's counts those of the clients,
resident memory not grown by more than ${ALLOWED_GROWTH_BYTES / 1024 ** 2} MiB after the first ${WARM_UP * 100} % of the time. Exit code 1 if not.

  --minutes N      how long, fractions allowed. Default 10
  --runtime NAME   auto, uring or mio. Default auto
  --connections N  clients at once. Default 24
  --max-memory S   the server's memory for items. Default 64mb
  --seed N         for the clients' choices. Default the time, which is printed
  --help           this text

RINGSTONE_NATIVE_LIBRARY names the native library to test; without it the release build is made and used.
`;

/** @param {string[]} args */
function readOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        minutes: { type: 'string', default: '10' },
        runtime: { type: 'string', default: 'auto' },
        connections: { type: 'string', default: '24' },
        'max-memory': { type: 'string', default: '64mb' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        help: { type: 'boolean', default: false },
      },
    });
    const [minutes, connections, seed] = [Number(values.minutes), Number(values.connections), Number(values.seed)];
    if (!(minutes > 0)) throw new Error('--minutes must be a number above 0');
    if (!Number.isInteger(connections) || connections < 1) throw new Error('--connections must be a whole number');
    if (!Number.isInteger(seed)) throw new Error('--seed must be a whole number');
    return { ...values, minutes, connections, seed };
  } catch (error) {
    say(`${/** @type {Error} */ (error).message}; npm run soak -- --help shows the options`);
    process.exitCode = 2;
    return undefined;
  }
}

main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (!options) return;
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  ensureDependencies();
  if (process.env['RINGSTONE_NATIVE_LIBRARY'] === undefined) ensureNative('release');
  ensureDist();
  /** @param {string} line */
  const print = line => process.stdout.write(`${line}\n`);
  const server = await Server.start(join(root, 'dist', 'cli.js'), {
    runtime: options.runtime,
    maxMemory: options['max-memory'],
  });
  print(`soak of ${options.minutes} min on ${server.runtime}, ${options.connections} clients, seed ${options.seed}`);
  print(`server's pid ${server.pid}`);
  const soak = new Soak(server, { ...options, say: print });
  const facts = await soak.run();
  const code = await server.stop();
  const findings = [...judge(facts), { ok: code === 0, text: `the server ended with ${code}` }];
  for (const line of soak.summary()) print(line);
  for (const { ok, text } of findings) print(`${ok ? '  ok' : 'FAIL'}  ${text}`);
  const passed = findings.every(({ ok }) => ok);
  say(passed ? 'the soak passed' : 'the soak failed');
  if (!passed) process.exitCode = 1;
});
