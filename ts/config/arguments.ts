import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Given, Layer } from './layer.ts';
import { didYouMean } from './nearest.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { notInThisVersion } from './unavailable.ts';

/** What the program can be told to do. */
export const COMMANDS = ['serve', 'doctor', 'check-config'] as const;
export type Command = (typeof COMMANDS)[number];

/** The command line, read. */
export interface Arguments extends Layer {
  readonly command: Command;
  readonly help: boolean;
  readonly version: boolean;
  /** Path given by `--config`. */
  readonly config?: string;
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

const GENERAL: Options = {
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
};

const FLAGGED = SETTINGS.filter((setting): setting is Setting & { flag: string } => setting.flag !== undefined);

function optionsOfSettings(): Options {
  const options: Options = {};
  for (const { flag, short, boolean } of FLAGGED) {
    options[flag] = { type: boolean ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) };
    if (boolean) options[`no-${flag}`] = { type: 'boolean' };
  }
  return options;
}

const OPTIONS: Options = { ...GENERAL, ...optionsOfSettings() };

/** Commands of other versions, so that the message can say more than `unknown`. */
const UNAVAILABLE_COMMANDS = ['cli', 'bench', 'top', 'token'];

class Reader {
  readonly given = new Map<string, Given>();
  readonly problems: string[] = [];
  /** An option was not understood, so what follows it may be its value rather than a command. */
  unknownSeen = false;
  private readonly seen = new Set<string>();

  /** The option's value, or `undefined` after a problem was noted. */
  private value(token: OptionToken): string | undefined {
    const boolean = OPTIONS[token.name]?.type === 'boolean';
    if (boolean) return token.value ?? 'true';
    // Without `=`, the next option would be taken for the value: `--listen --workers 2`.
    if (token.value === undefined || token.value === '' || (!token.inlineValue && token.value.startsWith('--'))) {
      this.problems.push(`${token.rawName} needs a value`);
      return undefined;
    }
    return token.value;
  }

  /** Notes an option that the table knows; false when it does not. */
  setting(token: OptionToken): boolean {
    const negated = FLAGGED.find(({ flag, boolean }) => boolean && `no-${flag}` === token.name);
    const setting = negated ?? FLAGGED.find(({ flag }) => flag === token.name);
    if (!setting) return false;
    const value = this.value(token);
    if (value === undefined) return true;
    if (negated && token.value !== undefined) this.problems.push(`${token.rawName} takes no value`);
    const before = this.given.get(setting.key);
    if (before && !setting.repeatable) {
      this.problems.push(
        `${before.origin === token.rawName ? token.rawName : `${before.origin} and ${token.rawName}`} given twice`,
      );
    }
    const values = before && setting.repeatable ? [before.value, value].flat() : negated ? 'false' : value;
    this.given.set(setting.key, { value: values, origin: token.rawName });
    return true;
  }

  /** Notes one of `GENERAL`. */
  general(token: OptionToken): string | undefined {
    if (this.seen.has(token.name) && token.name === 'config') this.problems.push(`${token.rawName} given twice`);
    this.seen.add(token.name);
    return this.value(token);
  }

  unknown(token: OptionToken): void {
    this.unknownSeen = true;
    const known = Object.keys(OPTIONS).map(name => `--${name}`);
    this.problems.push(
      `unknown option ${token.rawName}${notInThisVersion(token.name) || didYouMean(token.rawName, known)}`,
    );
  }
}

function commandOf(words: readonly string[], problems: string[]): Command {
  const [word, ...more] = words;
  if (more.length > 0) problems.push(`unexpected argument "${more[0]}"`);
  if (word === undefined) return 'serve';
  const command = COMMANDS.find(known => known === word);
  if (command) return command;
  const hint = UNAVAILABLE_COMMANDS.includes(word) ? ` - this version has no ${word}` : didYouMean(word, COMMANDS);
  problems.push(`unknown command "${word}"${hint}`);
  return 'serve';
}

/**
 * Reads the command line, without the paths of node and script. Everything that is not understood is a problem;
 * nothing is ignored.
 */
export function readArguments(args: readonly string[]): Arguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const reader = new Reader();
  const words: string[] = [];
  const general = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    if (Object.hasOwn(GENERAL, token.name)) {
      const value = reader.general(token);
      if (value !== undefined) general.set(token.name, value);
    } else if (!reader.setting(token)) reader.unknown(token);
  }
  const command = reader.unknownSeen ? 'serve' : commandOf(words, reader.problems);
  const config = general.get('config');
  return {
    command,
    help: general.has('help'),
    version: general.has('version'),
    ...(config === undefined ? {} : { config }),
    given: reader.given,
    problems: reader.problems,
  };
}
