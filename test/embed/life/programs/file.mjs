// A value of 100 MiB from a file into the cache and from there into another file; says by how much memory has grown at most.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Cache } from '../../../../dist/index.js';

const MIB = 1024 ** 2;
const LENGTH = 100 * MIB;

const cache = Cache.open({ maxMemory: '256mb', maxValueSize: '128mb' });
const server = await cache.serve({ listen: '127.0.0.1:0', workers: 1, runtime: 'mio' });
const folder = mkdtempSync(join(tmpdir(), 'ringstone-'));
const [source, copy] = [join(folder, 'source'), join(folder, 'copy')];

function* bytes() {
  for (let n = 0; n < LENGTH / MIB; n++) yield Buffer.alloc(MIB, `${n} and so on `);
}

async function digest(stream) {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

const resident = () => server.metrics().find(({ name }) => name === 'ringstone_memory_resident_bytes').samples[0].value;

try {
  await pipeline(Readable.from(bytes()), createWriteStream(source));
  const before = { ...process.memoryUsage(), arena: resident() };
  const most = { rss: 0, external: 0 };
  const look = () => {
    const { rss, external, arrayBuffers } = process.memoryUsage();
    most.rss = Math.max(most.rss, rss);
    most.external = Math.max(most.external, external, arrayBuffers);
  };
  const timer = setInterval(look, 5);
  for (const options of [{ size: LENGTH }, {}]) {
    // Of a size that is not known no more than a share may be reserved beside others; alone it may have all.
    await pipeline(createReadStream(source), cache.createWriteStream('key', options));
    await pipeline(cache.createReadStream('key'), createWriteStream(copy));
    look();
    const [one, other] = await Promise.all([digest(createReadStream(source)), digest(createReadStream(copy))]);
    if (one !== other) throw new Error('the copy is another');
    if (!options.size) break;
    cache.delete('key');
  }
  clearInterval(timer);
  const report = {
    arenaBytes: resident() - before.arena,
    rssBytes: most.rss - before.rss,
    externalBytes: most.external - before.external,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
} finally {
  rmSync(folder, { recursive: true });
  await server.close();
  cache.close();
}
