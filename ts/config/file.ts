import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import type { Given, Layer } from './layer.ts';
import { didYouMean } from './nearest.ts';
import { SECTIONS, SETTINGS } from './settings.ts';
import { notInThisVersion } from './unavailable.ts';

const KEY = `(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')`;
const HEADER = new RegExp(String.raw`^\s*\[\[?\s*(${KEY}(?:\s*\.\s*${KEY})*)\s*\]`);
const ASSIGNMENT = new RegExp(String.raw`^\s*(${KEY}(?:\s*\.\s*${KEY})*)\s*=`);

function splitKey(dotted: string): string[] {
  return (dotted.match(new RegExp(KEY, 'g')) ?? []).map(part => part.replace(/^(["'])(.*)\1$/, '$2'));
}

/**
 * The line, counted from 1, on which a key of a TOML text is set: the line that names most of its path. The parser keeps
 * no places, so this looks at table headers and at the beginnings of assignments.
 */
export function lineOfKey(toml: string, path: readonly string[]): number | undefined {
  let table: string[] = [];
  let best = { depth: 0, line: undefined as number | undefined };
  for (const [index, line] of toml.split('\n').entries()) {
    const header = HEADER.exec(line)?.[1];
    const assigned = ASSIGNMENT.exec(line)?.[1];
    if (header !== undefined) table = splitKey(header);
    else if (assigned === undefined) continue;
    const named = assigned === undefined || header !== undefined ? table : [...table, ...splitKey(assigned)];
    const depth = Math.min(named.length, path.length);
    const matches = named.slice(0, depth).every((part, place) => part === path[place]);
    if (matches && depth > best.depth) best = { depth, line: index + 1 };
  }
  return best.line;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function readTables(toml: string, tables: Record<string, unknown>, path: string): Layer {
  const given = new Map<string, Given>();
  const problems: string[] = [];
  const place = (...key: string[]) => `${path}:${lineOfKey(toml, key) ?? 1}`;
  for (const [section, table] of Object.entries(tables)) {
    if (!SECTIONS.includes(section)) {
      const what = isTable(table) ? 'section' : 'key';
      problems.push(
        `${place(section)}: unknown ${what} ${section}${notInThisVersion(section) || didYouMean(section, SECTIONS)}`,
      );
      continue;
    }
    if (!isTable(table)) {
      problems.push(`${place(section)}: ${section} must be a section ([${section}])`);
      continue;
    }
    for (const [name, value] of Object.entries(table)) {
      const key = `${section}.${name}`;
      const origin = place(section, name);
      if (SETTINGS.some(setting => setting.key === key)) {
        given.set(key, { value, origin });
        continue;
      }
      const names = SETTINGS.filter(setting => setting.section === section).map(setting => setting.name);
      problems.push(`${origin}: unknown key ${key}${notInThisVersion(key) || didYouMean(name, names)}`);
    }
  }
  return { given, problems };
}

/** Reads a TOML file. A file that cannot be read or is no TOML is a problem, like an unknown key. */
export function readConfigFile(path: string): Layer {
  const none = new Map<string, Given>();
  let toml: string;
  try {
    toml = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    return { given: none, problems: [`${path}: ${why}`] };
  }
  try {
    return readTables(toml, parse(toml), path);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const why = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '');
    return { given: none, problems: [`${path}:${error.line}:${error.column}: ${why}`] };
  }
}
