/** A size as the user wrote it: bytes, or a share of the memory that this process may use. */
export type Size = { readonly bytes: number } | { readonly percent: number };

/** Kilo, mega and so on are powers of 1024 whichever way they are written: `64mb`, `64m` and `64MiB` are one size. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  tib: 1024 ** 4,
};

const PATTERN = /^(\d+(?:\.\d+)?)\s*(%|[a-z]*)$/i;

/**
 * Reads a size. Returns a string that says what is wrong when it is none.
 *
 * @param value `1073741824`, `64mb`, `1.5GiB`, `50%`, or a number of bytes
 */
export function parseSize(value: string | number): Size | string {
  const match = PATTERN.exec(String(value).trim());
  const amount = Number(match?.[1]);
  const unit = match?.[2]?.toLowerCase();
  if (!match || unit === undefined) return `"${value}" is not a size; write 64mb, 8MiB, 1073741824 or 50%`;
  if (unit === '%') {
    if (amount <= 0 || amount > 100) return `"${value}" must be above 0% and at most 100%`;
    return { percent: amount };
  }
  const factor = UNITS[unit];
  if (factor === undefined)
    return `"${value}" has an unknown unit "${match[2]}"; known are b, kb, mb, gb, tb, KiB ... TiB and %`;
  const bytes = Math.floor(amount * factor);
  if (!Number.isSafeInteger(bytes)) return `"${value}" is too large`;
  return { bytes };
}

/** Bytes of a size; a share is taken of `memoryBytes`. */
export function sizeInBytes(size: Size, memoryBytes: number): number {
  return 'bytes' in size ? size.bytes : Math.floor((memoryBytes * size.percent) / 100);
}

/** A size for people: the largest unit that keeps it exact to two decimals (`64 MiB`, `1.5 GiB`, `4097 B`). */
export function formatSize(bytes: number): string {
  const units = ['TiB', 'GiB', 'MiB', 'KiB'] as const;
  for (const [index, unit] of units.entries()) {
    const amount = bytes / 1024 ** (units.length - index);
    if (amount >= 1) return `${Number(amount.toFixed(2))} ${unit}`;
  }
  return `${bytes} B`;
}

/** A size that reads back exactly, in the largest unit that divides it (`64mb`, `4097b`). */
export function exactSize(bytes: number): string {
  if (bytes === 0) return '0b';
  const unit = (['tb', 'gb', 'mb', 'kb'] as const).find(name => bytes % (UNITS[name] ?? 1) === 0) ?? 'b';
  return `${bytes / (UNITS[unit] ?? 1)}${unit}`;
}
