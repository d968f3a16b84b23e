import { ConfigError } from '../errors.ts';
import { type Machine, readMachine } from '../machine.ts';
import { readEnvironment } from './environment.ts';
import { readConfigFile } from './file.ts';
import type { Given, Layer } from './layer.ts';
import { didYouMean } from './nearest.ts';
import { type Config, makeSchema, type Settings } from './schema.ts';
import { SECTIONS, SETTINGS } from './settings.ts';
import { formatSize } from './size.ts';

/** Where a value of the effective configuration is from: the option, the variable, the line of the file, or `default`. */
export type Origins = ReadonlyMap<string, string>;

/** A configuration that holds, with what is worth saying about it. */
export interface Loaded {
  readonly config: Config;
  readonly origins: Origins;
  /** Sentences: legal, and probably not meant. */
  readonly warnings: readonly string[];
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}

function merge(layers: readonly Layer[]): Map<string, Given> {
  return new Map(layers.flatMap(({ given }) => [...given]));
}

/** Sections as the schema wants them, from values by key. */
function toSections(given: ReadonlyMap<string, Given>): Record<string, Record<string, unknown>> {
  const sections: Record<string, Record<string, unknown>> = {};
  for (const [key, { value }] of given) {
    const [section = '', name = ''] = key.split('.');
    sections[section] = { ...sections[section], [name]: value };
  }
  return sections;
}

function warningsOf(config: Config, machine: Machine): string[] {
  const { max_memory: maxMemory, max_value_size: maxValueSize } = config.storage;
  const warnings: string[] = [];
  if (maxValueSize > maxMemory) {
    warnings.push(
      `storage.max_value_size (${formatSize(maxValueSize)}) is above storage.max_memory (${formatSize(maxMemory)}): ` +
        'values between the two are refused for want of memory',
    );
  }
  if (maxMemory > machine.memoryBytes) {
    warnings.push(
      `storage.max_memory (${formatSize(maxMemory)}) is above the memory of this ${machine.memorySource} ` +
        `(${formatSize(machine.memoryBytes)})`,
    );
  }
  return warnings;
}

function validate(given: ReadonlyMap<string, Given>, problems: readonly string[], machine: Machine): Loaded {
  const result = makeSchema(machine).safeParse(structuredClone(toSections(given)));
  const issues = (result.error?.issues ?? []).map(({ path, message }) => {
    const key = path.slice(0, 2).join('.');
    const origin = given.get(key)?.origin;
    return `${key === '' ? '' : `${key}: `}${message}${origin === undefined ? '' : ` (${origin})`}`;
  });
  if (!result.success || problems.length > 0) throw new ConfigError([...problems, ...issues]);
  const config = deepFreeze(result.data);
  const origins = new Map(SETTINGS.map(({ key }) => [key, given.get(key)?.origin ?? 'default']));
  return { config, origins, warnings: warningsOf(config, machine) };
}

/** What the configuration is read from. */
export interface Sources {
  readonly arguments: Layer & { readonly config?: string };
  readonly environment: NodeJS.ProcessEnv;
  /** Read from this machine when it is not given. */
  readonly machine?: Machine;
}

/**
 * Reads, merges and checks all sources: command line over environment over file over defaults.
 *
 * @throws ConfigError with everything that is wrong
 */
export function loadConfig(sources: Sources): Loaded {
  const file = sources.arguments.config === undefined ? [] : [readConfigFile(sources.arguments.config)];
  const layers = [...file, readEnvironment(sources.environment), sources.arguments];
  const problems = layers.flatMap(layer => layer.problems);
  return validate(merge(layers), problems, sources.machine ?? readMachine());
}

/** Notes one setting of a program; a function has no value that could be copied. */
function note(given: Map<string, Given>, problems: string[], key: string, value: unknown): void {
  if (typeof value === 'function' || typeof value === 'symbol') problems.push(`${key} cannot be a ${typeof value}`);
  else if (value !== undefined) given.set(key, { value, origin: 'program' });
}

/**
 * Checks settings that a program gives instead of files and options.
 *
 * @throws ConfigError with everything that is wrong
 */
export function checkSettings(settings: Settings, machine: Machine = readMachine()): Loaded {
  const given = new Map<string, Given>();
  const problems: string[] = [];
  for (const [section, values] of Object.entries(settings)) {
    if (values === undefined) continue;
    if (!SECTIONS.includes(section)) problems.push(`unknown section ${section}${didYouMean(section, SECTIONS)}`);
    else if (typeof values !== 'object' || values === null) problems.push(`${section} must be an object`);
    else for (const [name, value] of Object.entries(values)) note(given, problems, `${section}.${name}`, value);
  }
  return validate(given, problems, machine);
}
