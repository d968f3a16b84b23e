import * as z from 'zod';
import { formatListenAddress, type HostPort, type ListenAddress, parseAddress, parseListenAddress } from './address.ts';
import { parseDuration } from './duration.ts';
import { didYouMean } from './nearest.ts';
import { formatSize, parseSize, sizeInBytes } from './size.ts';

/** What a parser of a field answers: the value, or what is wrong with the text. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** A field whose text, or number, a function reads. */
export function field<Input extends z.ZodType, Output>(input: Input, parse: (raw: z.output<Input>) => Parsed<Output>) {
  return input.transform((raw, context): Output => {
    const parsed = parse(raw);
    if ('value' in parsed) return parsed.value;
    context.issues.push({ code: 'custom', message: parsed.problem, input: raw });
    return z.NEVER;
  });
}

/** Text, as on a command line, or a number, as in a file. */
export const textOrNumber = (what: string) => z.union([z.string(), z.number()], { error: `must be ${what}` });

/** A whole number within a range. */
export function whole({ min, max }: { min: number; max: number }) {
  const what = `a whole number from ${min} to ${max}`;
  return field(textOrNumber(what), raw => {
    const value = typeof raw === 'number' ? raw : /^\d+$/.test(raw.trim()) ? Number(raw) : Number.NaN;
    return Number.isInteger(value) && value >= min && value <= max
      ? { value }
      : { problem: `must be ${what}, not ${JSON.stringify(raw)}` };
  });
}

/** A number of bytes within a range, optionally a multiple of `unit`; a share is taken of `memoryBytes`. */
export function size({
  min,
  max,
  unit = 1,
  memoryBytes,
}: {
  min: number;
  max: number;
  unit?: number;
  memoryBytes: number;
}) {
  return field(textOrNumber('a size such as 64mb'), raw => {
    const parsed = parseSize(raw);
    if (typeof parsed === 'string') return { problem: parsed };
    const value = sizeInBytes(parsed, memoryBytes);
    const taken = 'percent' in parsed ? ` (${formatSize(value)})` : '';
    const range = `from ${formatSize(min)} to ${formatSize(max)}`;
    if (value < min || value > max) return { problem: `must be ${range}, not ${JSON.stringify(raw)}${taken}` };
    if (value % unit !== 0) return { problem: `must be a multiple of ${formatSize(unit)}, not ${JSON.stringify(raw)}` };
    return { value };
  });
}

/** A time in milliseconds: 0, where that is allowed, or within a range. */
export function duration({ zero, min, max }: { zero: boolean; min: string; max: string }) {
  const [minMs, maxMs] = [Number(parseDuration(min)), Number(parseDuration(max))];
  return field(textOrNumber('a duration such as 30s'), raw => {
    const value = parseDuration(raw);
    if (typeof value === 'string') return { problem: value };
    if ((zero && value === 0) || (value >= minMs && value <= maxMs)) return { value };
    return { problem: `must be ${zero ? '0 or ' : ''}from ${min} to ${max}, not ${JSON.stringify(raw)}` };
  });
}

/** Yes or no. */
export function flag() {
  return field(z.union([z.boolean(), z.string()], { error: 'must be true or false' }), (raw): Parsed<boolean> => {
    const word = String(raw).toLowerCase();
    if (['true', 'yes', 'on', '1'].includes(word)) return { value: true };
    if (['false', 'no', 'off', '0'].includes(word)) return { value: false };
    return { problem: `must be true or false, not ${JSON.stringify(raw)}` };
  });
}

/** One of several words. */
export function choice<const Words extends readonly string[]>(words: Words) {
  const known = words.join(', ');
  return field(z.string({ error: `must be one of ${known}` }), (raw): Parsed<Words[number]> => {
    const value = words.find(word => word === raw.toLowerCase());
    return value === undefined
      ? { problem: `must be one of ${known}, not ${JSON.stringify(raw)}${didYouMean(raw.toLowerCase(), words)}` }
      : { value };
  });
}

/** A path, or one of several words with a meaning of their own. */
export function text(what: string) {
  return field(z.string({ error: `must be ${what}` }), raw =>
    raw.trim() === '' || raw.includes('\0')
      ? { problem: `must be ${what}, not ${JSON.stringify(raw)}` }
      : { value: raw },
  );
}

/** One host and port, or `off`. */
export function addressOrOff() {
  return field(z.string({ error: 'must be host:port or off' }), (raw): Parsed<HostPort | 'off'> => {
    if (raw.toLowerCase() === 'off') return { value: 'off' };
    const value = parseAddress(raw);
    if (typeof value === 'string') return { problem: value };
    return 'path' in value ? { problem: `must be host:port or off, not ${JSON.stringify(raw)}` } : { value };
  });
}

/** One or more listeners: a list, or text with commas. */
export function listeners(max: number) {
  const input = z.union([z.string(), z.array(z.string())], { error: 'must be an address or a list of addresses' });
  return field(input, (raw): Parsed<ListenAddress[]> => {
    const texts = [raw].flat().flatMap(item => item.split(',').map(part => part.trim()));
    const parsed = texts.map(parseListenAddress);
    const problem = parsed.find(item => typeof item === 'string');
    if (problem !== undefined) return { problem };
    const value = parsed.filter(item => typeof item !== 'string');
    if (value.length === 0 || value.length > max)
      return { problem: `must be 1 to ${max} addresses, not ${value.length}` };
    const names = value.map(({ address }) => formatListenAddress({ address })).filter(name => !name.endsWith(':0'));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    return twice === undefined ? { value } : { problem: `${twice} is there twice` };
  });
}
