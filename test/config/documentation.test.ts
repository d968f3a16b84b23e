import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readArguments } from '../../ts/config/arguments.ts';
import { renderHelp, renderMarkdownTable } from '../../ts/config/render.ts';
import { SETTINGS } from '../../ts/config/settings.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

test('docs/configuration.md has the table of the schema (npm run docs writes it)', () => {
  expect(page).toContain(`<!-- table -->\n${renderMarkdownTable()}\n<!-- /table -->`);
});

test('its example holds', async () => {
  const { load } = await import('./support.ts');
  const toml = /```toml\n([\s\S]*?)```/.exec(page)?.[1];
  expect(load({ file: toml ?? '' }).config.server.workers).toBe(4);
});

test('the help shows every setting with its default', () => {
  const help = renderHelp('1.2.3').replace(/\s+/g, ' ');
  for (const { flag, key, fallback, help: sentence } of SETTINGS) {
    expect(help).toContain(flag === undefined ? `${key} =` : flag);
    expect(help).toContain(`${sentence}. Default ${fallback}`);
  }
});

test('every option of the help is understood', () => {
  const options = renderHelp('1.2.3').matchAll(/^ {2}(?:-(\w), )?--(\[no-\])?([a-z-]+)/gm);
  const names = [...options].flatMap(([, short, negated, long]) => [
    ...(short === undefined ? [] : [`-${short}`]),
    `--${long}`,
    ...(negated === undefined ? [] : [`--no-${long}`]),
  ]);
  expect(names.length).toBeGreaterThan(SETTINGS.filter(({ flag }) => flag !== undefined).length);
  for (const name of names) {
    expect(readArguments([name, 'x']).problems.filter(problem => problem.startsWith('unknown option'))).toEqual([]);
  }
});
