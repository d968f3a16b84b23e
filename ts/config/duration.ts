const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  '': 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const PATTERN = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;

/**
 * Reads a duration as whole milliseconds. Returns a string that says what is wrong when it is none.
 *
 * @param value `60` (seconds), `500ms`, `10s`, `5m`, `2h`, `7d`, or a number of seconds
 */
export function parseDuration(value: string | number): number | string {
  const match = PATTERN.exec(String(value).trim());
  if (!match) return `"${value}" is not a duration; write 60 (seconds), 500ms, 10s, 5m, 2h or 7d`;
  const factor = UNITS[match[2]?.toLowerCase() ?? ''];
  if (factor === undefined) return `"${value}" has an unknown unit "${match[2]}"; known are ms, s, m, h and d`;
  const durationMs = Math.round(Number(match[1]) * factor);
  if (!Number.isSafeInteger(durationMs)) return `"${value}" is too long`;
  return durationMs;
}

/** A duration for people, in the largest unit that holds it exactly (`10s`, `1500ms`, `5m`). */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const factor = UNITS[unit] ?? 1;
    if (durationMs % factor === 0) return `${durationMs / factor}${unit}`;
  }
  return `${durationMs}ms`;
}
