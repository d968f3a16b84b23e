import type * as z from 'zod';
import { type Address, parseListenAddress } from '../config/address.ts';
import { readOptions } from '../config/options.ts';
import { type SettingMeta, settingMeta } from '../config/schema.ts';
import { ConfigError } from '../errors.ts';
import { type BenchOptions, benchSchema, LOAD_PROTOCOLS } from './schema.ts';

/** One option of `ringstone bench`. */
export interface BenchOption extends SettingMeta {
  readonly key: string;
  readonly flag: string;
  /** The default as a user would write it. */
  readonly fallback: string;
}

function describe(key: string, option: z.ZodPrefault): BenchOption {
  const meta = settingMeta.get(option);
  if (meta?.flag === undefined) throw new Error(`${key} has no option`);
  return { ...meta, flag: meta.flag, key, fallback: String(option.def.defaultValue) };
}

/** All of them in the order of the schema. */
export const BENCH_OPTIONS: readonly BenchOption[] = Object.entries(benchSchema.shape).map(([key, option]) =>
  describe(key, option as z.ZodPrefault),
);

/** What `ringstone bench` was told to do. */
export type BenchArguments = { readonly help: true } | ({ readonly help: false } & Bench);

/** A load. */
export interface Bench {
  readonly target: Address;
  readonly options: BenchOptions;
}

const HINT = 'ringstone bench --help shows all options';

interface Target {
  readonly address?: Address;
  readonly protocol?: string;
}

function targetOf([word, ...more]: readonly string[], problems: string[]): Target {
  if (word === undefined) {
    problems.push('the address is missing: ringstone bench [options] host:port or unix:/path');
    return {};
  }
  if (more.length > 0) problems.push(`unexpected argument "${more[0]}"`);
  const parsed = parseListenAddress(word);
  if (typeof parsed === 'string') {
    problems.push(parsed);
    return {};
  }
  const { address, protocol } = parsed;
  if ('port' in address && address.port === 0) problems.push(`"${word}" has no port to connect to`);
  if (protocol === undefined) return { address };
  if (LOAD_PROTOCOLS.some(known => known === protocol)) return { address, protocol };
  problems.push(`"${word}": a load speaks ${LOAD_PROTOCOLS.join(' or ')}, not ${protocol}`);
  return {};
}

/**
 * Reads the command line after `bench`.
 *
 * @throws ConfigError with everything that is wrong
 */
export function readBenchArguments(args: readonly string[]): BenchArguments {
  const { given, general, words, problems, unknownSeen } = readOptions(args, BENCH_OPTIONS, {
    help: { type: 'boolean', short: 'h' },
  });
  if (general.has('help') && problems.length === 0) return { help: true };
  const { address, protocol } = unknownSeen ? {} : targetOf(words, problems);
  const values: Record<string, unknown> = Object.fromEntries([...given].map(([key, { value }]) => [key, value]));
  if (protocol !== undefined) {
    const said = values['protocol'];
    if (said !== undefined && said !== protocol) problems.push(`--protocol ${said} contradicts the address`);
    values['protocol'] = protocol;
  }
  const result = benchSchema.safeParse(values);
  for (const { path, message } of result.error?.issues ?? []) {
    const option = BENCH_OPTIONS.find(({ key }) => key === path[0]);
    problems.push(`${given.get(option?.key ?? '')?.origin ?? `--${option?.flag}`}: ${message}`);
  }
  if (!result.success || !address || problems.length > 0) throw new ConfigError([...problems, HINT]);
  return { help: false, target: address, options: result.data };
}
