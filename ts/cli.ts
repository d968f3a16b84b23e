#!/usr/bin/env node
import { runBench } from './bench/run.ts';
import { type Arguments, BENCH, readArguments } from './config/arguments.ts';
import { type Loaded, loadConfig } from './config/load.ts';
import { renderEffective, renderHelp } from './config/render.ts';
import { examine, renderFindings } from './doctor.ts';
import { ConfigError } from './errors.ts';
import { readMachine } from './machine.ts';
import { runServer } from './run.ts';
import { VERSION } from './version.ts';

/** Failure at run time: the answer could not be written. */
const EXIT_FAILURE = 1;
/** Wrong usage or configuration. */
const EXIT_USAGE = 2;

const complain = (text: string) => process.stderr.write(`ringstone: ${text}\n`);

function checkConfig({ config, origins, warnings }: Loaded): void {
  process.stdout.write(renderEffective({ config, origins }));
  for (const warning of warnings) complain(warning);
}

async function run(args: Arguments): Promise<number> {
  // Before anything else, so that they work beside a broken file; not beside options that do not exist.
  if (args.problems.length > 0) throw new ConfigError([...args.problems, 'ringstone --help shows all options']);
  if (args.help || args.version) {
    process.stdout.write(args.help ? renderHelp(VERSION) : `ringstone ${VERSION}\n`);
    return 0;
  }
  const load = () => loadConfig({ arguments: args, environment: process.env });
  const loaded = load();
  if (args.command === 'serve') return runServer(loaded, load);
  if (args.command === 'check-config') checkConfig(loaded);
  else process.stdout.write(renderFindings(examine(loaded.config, readMachine())));
  return 0;
}

/** A reader that has seen enough (`ringstone --help | head -1`) is no failure. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = EXIT_FAILURE;
  });
}

try {
  const args = process.argv.slice(2);
  process.exitCode = args[0] === BENCH ? await runBench(args.slice(1)) : await run(readArguments(args));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  for (const problem of error.problems) complain(problem);
  process.exitCode = EXIT_USAGE;
}
