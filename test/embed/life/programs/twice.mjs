// The package loaded twice in one process: one scene per run, named by the first argument.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, NAME, open } from './support.mjs';

const require = createRequire(import.meta.url);

const SCENES = {
  'imported and required'() {
    const { Cache: Required } = require('../../../../cjs/index.js');
    const [cache, same] = [open(), Required.open({ name: NAME })];
    cache.set('key', 'value');
    check(same.getString('key') === 'value', 'it is the same cache');
    cache.close();
    check(same.getString('key') === 'value', 'it is there as long as one has it open');
    same.close();
    check(open().getString('key') === undefined, 'it was freed');
  },
  'two copies of the native library'() {
    const library = process.env.RINGSTONE_NATIVE_LIBRARY;
    const folder = mkdtempSync(join(tmpdir(), 'ringstone-'));
    const copy = join(folder, 'copy.node');
    copyFileSync(library, copy);
    const options = {
      name: NAME,
      maxMemory: 8 << 20,
      maxValueSize: 1 << 20,
      defaultTtlMs: 0,
      cleanupIntervalMs: 60_000,
      eviction: 's3fifo',
      asked: [],
    };
    const [one, other] = [library, copy].map(path =>
      require(path)
        .openCache(options, Buffer.alloc(1 << 16))
        .operations(),
    );
    one.set('key', 'value', 0, 0);
    check(one.getString('key') === 'value', 'one has it');
    check(other.getString('key') === -1, 'the other, with a list of caches of its own, has not');
    rmSync(folder, { recursive: true });
  },
};

SCENES[process.argv[2]]();
