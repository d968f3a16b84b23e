/** The release workflow and package.json agree. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { platformOf } from '../../scripts/pack.mjs';
import { PLATFORMS } from '../../ts/missing.ts';
import { run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';

const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');
const { napi, engines } = JSON.parse(read('package.json')) as {
  napi: { targets: string[] };
  engines: { node: string };
};
const workflow = read('.github', 'workflows', 'release.yml');

test('it builds every target', () => {
  const built = [...workflow.matchAll(/\btarget: ([\w-]+) \}/g)].map(([, target]) => target);
  expect(built).toEqual(napi.targets);
});

test('the program knows the platforms that are published', () => {
  expect(napi.targets.map(platformOf)).toEqual([...PLATFORMS]);
});

test('the packages are tried with the oldest Node.js that they take', () => {
  expect(workflow).toContain(`node: ['${engines.node.replace('>=', '')}',`);
});

test('no secret but the registry token', () => {
  const secrets = [...workflow.matchAll(/\bsecrets\.(\w+)/g)].map(([, name]) => name);
  expect([...new Set(secrets)]).toEqual(['NPM_TOKEN']);
});

test('npm publish in the repository is refused', async () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(scripts['prepublishOnly']).toBe('node scripts/refuse-publish.mjs');
  const { code, stderr } = await run(process.execPath, [join(root, 'scripts', 'refuse-publish.mjs')]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('CONTRIBUTING.md')]);
});
