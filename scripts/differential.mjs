// `npm run differential -- --minutes 10`: random streams of commands to Ringstone, memcached and redis-server, replies compared.
import { parseArgs } from 'node:util';
import { ensureDependencies, ensureDist, ensureNative, main, say } from './setup.mjs';
import { allowTypeScript } from './typescript.mjs';

const HELP = `npm run differential -- [options]

Sends the same random streams of commands to Ringstone and to the real memcached or redis-server (Debian: apt-get install
memcached redis-server), and compares the replies byte for byte, but for the differences that docs/compatibility.md lists. At a
difference it prints the shortest stream that shows it, and ends with exit code 1.

  --minutes N      how long, fractions allowed. Default 1
  --streams N      at most so many streams of each family. Default as many as the time allows
  --commands N     commands of a stream. Default 400
  --seed N         of the first stream; each further one has the next. Default the time, which is printed
  --family F,...   only these families. Default all
  --runtime NAME   auto, uring or mio. Default auto
  --all            go on after a difference
  --help           this text, with the families

RINGSTONE_NATIVE_LIBRARY names the native library to test; without it the release build is made and used.
`;

const RUNTIMES = /** @type {const} */ (['auto', 'uring', 'mio']);

/**
 * @param {string[]} args
 * @param {readonly string[]} names of the families
 */
function readOptions(args, names) {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '1' },
      streams: { type: 'string' },
      commands: { type: 'string', default: '400' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      family: { type: 'string', default: names.join(',') },
      runtime: { type: 'string', default: 'auto' },
      all: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [minutes, commands, seed] = [Number(values.minutes), Number(values.commands), Number(values.seed)];
  const streams = values.streams === undefined ? undefined : Number(values.streams);
  const families = values.family.split(',');
  const runtime = RUNTIMES.find(name => name === values.runtime);
  const unknown = families.find(family => !names.includes(family));
  if (!(minutes > 0)) throw new Error('--minutes must be a number above 0');
  if (!Number.isInteger(commands) || commands < 1) throw new Error('--commands must be a whole number above 0');
  if (streams !== undefined && (!Number.isInteger(streams) || streams < 1))
    throw new Error('--streams must be a whole number above 0');
  if (!Number.isInteger(seed)) throw new Error('--seed must be a whole number');
  if (!runtime) throw new Error(`--runtime must be one of ${RUNTIMES.join(', ')}`);
  if (unknown !== undefined) throw new Error(`there is no family ${unknown}, but ${names.join(', ')}`);
  return { minutes, streams, commands, seed, families, runtime, all: values.all, help: values.help };
}

main(async () => {
  ensureDependencies();
  allowTypeScript();
  const { FAMILY_NAMES, runLong } = await import('../test/differential/main.ts');
  let options;
  try {
    options = readOptions(process.argv.slice(2), FAMILY_NAMES);
  } catch (error) {
    say(`${/** @type {Error} */ (error).message}; npm run differential -- --help shows the options`);
    process.exitCode = 2;
    return;
  }
  if (options.help) {
    process.stdout.write(`${HELP}\nFamilies: ${FAMILY_NAMES.join(', ')}\n`);
    return;
  }
  if (process.env['RINGSTONE_NATIVE_LIBRARY'] === undefined) ensureNative('release');
  ensureDist();
  /** @param {string} line */
  const print = line => process.stdout.write(`${line}\n`);
  print(`differential: seed ${options.seed}, ${options.minutes} min at most, runtime ${options.runtime}`);
  if ((await runLong({ ...options, say: print })) > 0) process.exitCode = 1;
});
