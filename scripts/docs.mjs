// `npm run docs`: renews the table of docs/configuration.md from the schema; a test holds the two together.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './files.mjs';
import { ensureDependencies, ensureDist, main } from './setup.mjs';

main(async () => {
  ensureDependencies();
  ensureDist();
  const { renderMarkdownTable } = await import(join(root, 'dist', 'config', 'render.js'));
  const path = join(root, 'docs', 'configuration.md');
  const page = readFileSync(path, 'utf8');
  const renewed = page.replace(
    /(<!-- table -->\n)[\s\S]*?(\n<!-- \/table -->)/,
    `$1${renderMarkdownTable().replaceAll('$', '$$$$')}$2`,
  );
  writeFileSync(path, renewed);
});
