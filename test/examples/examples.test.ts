/** The programs of examples/, each run as its first comment says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import memjs from 'memjs';
import { Child, killLeftovers, run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';

const path = (name: string) => join(root, 'examples', name);
const start = (name: string, env: Record<string, string>) =>
  new Child(process.execPath, [path(name)], { env: { ...process.env, ...env } });

afterEach(killLeftovers);

test('an API with sessions and a loader', async () => {
  const child = start('express-api.mjs', { PORT: '0' });
  const base = await child.waitFor('it listens', ({ stdout }) => /^http:\S+/m.exec(stdout)?.[0]);

  const first = await fetch(`${base}/visits`);
  expect(await first.json()).toEqual({ visits: 1 });
  const cookie = first.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  expect(await (await fetch(`${base}/visits`, { headers: { cookie } })).json()).toEqual({ visits: 2 });
  expect(await (await fetch(`${base}/visits`)).json()).toEqual({ visits: 1 });

  // All at once: the report is made once.
  const report = async (year: number) => (await fetch(`${base}/reports/${year}`)).json();
  const reports = await Promise.all(Array.from({ length: 8 }, () => report(2026)));
  expect(reports).toEqual(Array.from({ length: 8 }, () => ({ year: 2026, run: 1 })));
  expect(await report(2025)).toEqual({ year: 2025, run: 2 });
  expect(await report(2026)).toEqual({ year: 2026, run: 1 });

  child.signal('SIGTERM');
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stderr).toBe('');
});

test('worker threads that share a cache', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [path('worker-threads.mjs')], { env: process.env });
  expect([code, stderr]).toEqual([0, '']);
  const [visits, ...workers] = stdout.trim().split('\n');
  expect(visits).toBe('visits: 40000');
  expect(workers).toHaveLength(4);
  for (const line of workers) expect(line).toMatch(/^worker:\d+ read "hello from the main thread"$/);
});

test('a cache that memcached clients reach', async () => {
  const child = start('serve-memcached.mjs', { LISTEN: '127.0.0.1:0' });
  await child.waitFor('it has spoken to itself', ({ stdout }) => /JavaScript reads: (.*)\n/.exec(stdout)?.[1]);
  expect(child.stdout).toContain('memjs reads: hello from JavaScript\nJavaScript reads: hello from memjs\n');

  const client = memjs.Client.create(/memcached clients: (\S+)/.exec(child.stdout)?.[1] ?? '');
  expect(String((await client.get('greeting')).value)).toBe('hello from JavaScript');
  await client.set('name', 'Ada', {});
  client.close();

  child.signal('SIGINT');
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stdout).toContain('left by clients: Ada\n');
  expect(child.stderr).toBe('');
});

test('README names every example', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const examples = readdirSync(path('.'));
  expect(examples.length).toBeGreaterThanOrEqual(3);
  for (const name of examples) expect(readme).toContain(`(examples/${name})`);
});
