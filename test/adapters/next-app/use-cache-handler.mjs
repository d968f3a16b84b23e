const { createUseCacheHandler } = await import(`${process.env.RINGSTONE_DIST}/adapters/next.js`);
const { Cache } = await import(`${process.env.RINGSTONE_DIST}/index.js`);

const cache = Cache.open({ name: 'next', maxMemory: '16mb' });
// So that the test sees what is kept.
if (process.env.SERVE_CACHE) {
  const { addresses } = await cache.serve({ listen: '127.0.0.1:0', workers: 1 });
  process.stdout.write(`cache at ${addresses[0]}\n`);
}

export default createUseCacheHandler({ cache });
