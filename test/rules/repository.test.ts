/** What no file of the repository may hold. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { VERSION } from '../../ts/version.ts';
import { root } from '../harness/ringstone.ts';

const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
const tracked = git('ls-files', '-z')
  .stdout.split('\0')
  .filter(name => name !== '' && existsSync(join(root, name)));
const text = (name: string) => readFileSync(join(root, name), 'utf8');

// Put together here, so that this file does not hold what it looks for.
const FORBIDDEN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a folder beside the repository', new RegExp(['\\.\\.', 'shared\\b'].join('/'))],
  ['a path of a build machine', new RegExp(['(?:^|[\\s"\'`(=])', 'work', ''].join('/'), 'm')],
  ['a home folder', new RegExp(['', '(?:root|home)', '[\\w.]+', ''].join('/'))],
  ['unfinished work', new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`)],
];

test('git lists the files', () => {
  expect(tracked.length).toBeGreaterThan(50);
});

describe.each(FORBIDDEN)('%s', (_, pattern) => {
  test('is in no file', () => {
    expect(tracked.filter(name => !name.endsWith('-lock.json') && pattern.test(text(name)))).toEqual([]);
  });
});

test('the lockfiles name no host but the public index', () => {
  expect(text('package-lock.json')).not.toMatch(/"resolved"/);
  const sources = new Set([...text('Cargo.lock').matchAll(/^source = "(.*)"$/gm)].map(([, source]) => source));
  expect([...sources]).toEqual(['registry+https://github.com/rust-lang/crates.io-index']);
});

test('what is built is not committed', () => {
  expect(tracked.filter(name => /\.node$|^dist\/|^target\/|^node_modules\//.test(name))).toEqual([]);
});

test('the committed loader and types are those of the present addon', () => {
  // The build writes them; in CI a difference to what is committed means that somebody forgot to commit them.
  if (process.env['CI'] !== 'true') return;
  expect(git('diff', '--stat', '--', 'index.node-build').stdout).toBe('');
});

test('versions agree', () => {
  const { version } = JSON.parse(text('package.json')) as { version: string };
  expect(VERSION).toBe(version);
  expect(text('Cargo.toml')).toContain(`\nversion = "${version}"\n`);
  expect(text('CHANGELOG.md')).toContain(`## [${version}]`);
});
