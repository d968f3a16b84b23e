import type { Layer } from './layer.ts';
import { didYouMean } from './nearest.ts';
import { type Options, readOptions } from './options.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { notInThisVersion } from './unavailable.ts';

/** What the program can be told to do with a configuration. */
export const COMMANDS = ['serve', 'doctor', 'check-config'] as const;
export type Command = (typeof COMMANDS)[number];

/** The command with options of its own. */
export const BENCH = 'bench';

/** The command line, read. */
export interface Arguments extends Layer {
  readonly command: Command;
  readonly help: boolean;
  readonly version: boolean;
  /** Path given by `--config`. */
  readonly config?: string;
}

const GENERAL: Options = {
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
};

const FLAGGED = SETTINGS.filter((setting): setting is Setting & { flag: string } => setting.flag !== undefined);

/** Commands of other versions, so that the message can say more than `unknown`. */
const UNAVAILABLE_COMMANDS = ['cli', 'top', 'token'];

function commandOf(words: readonly string[], problems: string[]): Command {
  const [word, ...more] = words;
  if (word === BENCH) {
    problems.push(`${BENCH} comes first, before its options: ringstone ${BENCH} [options] ADDRESS`);
    return 'serve';
  }
  if (more.length > 0) problems.push(`unexpected argument "${more[0]}"`);
  if (word === undefined) return 'serve';
  const command = COMMANDS.find(known => known === word);
  if (command) return command;
  const unavailable = UNAVAILABLE_COMMANDS.includes(word);
  const hint = unavailable ? ` - this version has no ${word}` : didYouMean(word, [...COMMANDS, BENCH]);
  problems.push(`unknown command "${word}"${hint}`);
  return 'serve';
}

/**
 * Reads the command line of every command but `bench`, without the paths of node and script. Everything that is not
 * understood is a problem; nothing is ignored.
 */
export function readArguments(args: readonly string[]): Arguments {
  const { given, general, words, problems, unknownSeen } = readOptions(args, FLAGGED, GENERAL, notInThisVersion);
  const command = unknownSeen ? 'serve' : commandOf(words, problems);
  const config = general.get('config');
  return {
    command,
    help: general.has('help'),
    version: general.has('version'),
    ...(config === undefined ? {} : { config }),
    given,
    problems,
  };
}
