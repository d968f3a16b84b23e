import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Given } from './layer.ts';
import { didYouMean } from './nearest.ts';

/** A setting as it is given on a command line. */
export interface OptionSpec {
  /** Under which its value is collected. */
  readonly key: string;
  /** `--flag`. */
  readonly flag: string;
  /** `-f`. */
  readonly short?: string;
  /** `--flag` alone means true, `--no-flag` false. */
  readonly boolean?: boolean;
  /** May be given several times. */
  readonly repeatable?: boolean;
}

/** Options as node:util takes them. */
export type Options = NonNullable<ParseArgsConfig['options']>;
type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** What a command line holds. */
export interface Read {
  /** Values of settings by key. */
  readonly given: ReadonlyMap<string, Given>;
  /** Values of the general options by name. */
  readonly general: ReadonlyMap<string, string>;
  /** What is no option. */
  readonly words: readonly string[];
  /** Everything that was not understood, in sentences. */
  readonly problems: string[];
  /** An option was not understood, so what follows it may be its value rather than a word. */
  readonly unknownSeen: boolean;
}

class Reader {
  readonly given = new Map<string, Given>();
  readonly general = new Map<string, string>();
  readonly problems: string[] = [];
  unknownSeen = false;
  private readonly specs: readonly OptionSpec[];
  private readonly options: Options;
  private readonly excuse: (name: string) => string;

  constructor(specs: readonly OptionSpec[], options: Options, excuse: (name: string) => string) {
    this.specs = specs;
    this.options = options;
    this.excuse = excuse;
  }

  /** The option's value, or `undefined` after a problem was noted. */
  private value(token: OptionToken): string | undefined {
    const boolean = this.options[token.name]?.type === 'boolean';
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
    const negated = this.specs.find(({ flag, boolean }) => boolean && `no-${flag}` === token.name);
    const setting = negated ?? this.specs.find(({ flag }) => flag === token.name);
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

  /** Notes a general option. */
  one(token: OptionToken): void {
    const takesValue = this.options[token.name]?.type === 'string';
    if (this.general.has(token.name) && takesValue) this.problems.push(`${token.rawName} given twice`);
    const value = this.value(token);
    if (value !== undefined) this.general.set(token.name, value);
  }

  unknown(token: OptionToken): void {
    this.unknownSeen = true;
    const known = Object.keys(this.options).map(name => `--${name}`);
    this.problems.push(`unknown option ${token.rawName}${this.excuse(token.name) || didYouMean(token.rawName, known)}`);
  }
}

function optionsOf(specs: readonly OptionSpec[]): Options {
  const options: Options = {};
  for (const { flag, short, boolean } of specs) {
    options[flag] = { type: boolean ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) };
    if (boolean) options[`no-${flag}`] = { type: 'boolean' };
  }
  return options;
}

/**
 * Reads a command line. Everything that is not understood is a problem; nothing is ignored.
 *
 * @param args without the paths of node and script
 * @param specs settings
 * @param general options that are no settings
 * @param excuse what to say of an unknown option, if there is more to say than which one was meant
 */
export function readOptions(
  args: readonly string[],
  specs: readonly OptionSpec[],
  general: Options,
  excuse: (name: string) => string = () => '',
): Read {
  const options = { ...general, ...optionsOf(specs) };
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const reader = new Reader(specs, options, excuse);
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    if (Object.hasOwn(general, token.name)) reader.one(token);
    else if (!reader.setting(token)) reader.unknown(token);
  }
  const { given, general: values, problems, unknownSeen } = reader;
  return { given, general: values, words, problems, unknownSeen };
}
