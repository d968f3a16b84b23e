/** Prometheus' own parsers, in a virtual environment that is made when it is first needed. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Missing } from '../harness/programs.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const ENVIRONMENT = here('../../node_modules/.cache/ringstone/prometheus');
const PYTHON = `${ENVIRONMENT}/bin/python`;

/** A family as the parser read it. */
export interface ParsedFamily {
  type: string;
  help: string;
  samples: [name: string, labels: Record<string, string>, value: number][];
}

/** Why the parsers cannot be used here. */
export function missingParser(): Missing | undefined {
  const usable = () => spawnSync(PYTHON, ['-c', 'import prometheus_client']).status === 0;
  if (existsSync(PYTHON) && usable()) return undefined;
  rmSync(ENVIRONMENT, { recursive: true, force: true });
  const made = spawnSync('python3', ['-m', 'venv', ENVIRONMENT]).status === 0;
  if (made) spawnSync(PYTHON, ['-m', 'pip', 'install', '--quiet', '--requirement', here('requirements.txt')]);
  return made && usable() ? undefined : { what: 'prometheus_client', remedy: 'needs python3 with venv and pip' };
}

/** Parses strictly; throws with the parser's complaint. */
export function parseExposition(format: 'prometheus' | 'openmetrics', text: string): Record<string, ParsedFamily> {
  const { status, stdout, stderr } = spawnSync(PYTHON, [here('read_metrics.py'), format], {
    input: text,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  // Python writes NaN as JSON does not have it.
  return JSON.parse(stdout.replace(/\bNaN\b/g, 'null').replace(/-?\bInfinity\b/g, 'null'));
}
