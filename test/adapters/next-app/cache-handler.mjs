// The test puts in RINGSTONE_DIST where the package's modules are.
const { createCacheHandler } = await import(`${process.env.RINGSTONE_DIST}/adapters/next.js`);

export default createCacheHandler({ cache: { name: 'next', maxMemory: '16mb' } });
