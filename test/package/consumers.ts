/** Small programs of users of TypeScript, and the ways to compile them. They are compiled, not run. */

/** The same in a module and in a CommonJS file: what is right compiles, and what is marked does not. */
const BODY = `
const options = { name: 'types', maxMemory: '64mb', eviction: 's3fifo' } satisfies CacheOptions;
using cache: Cache = Cache.open(options);
const key: Key = new Uint8Array([1]);
cache.set(key, 'value', { ttl: 5_000 });
const text: string | undefined = cache.getString('key');
const bytes: Buffer | undefined = cache.get('key');
const gone: boolean = cache.delete(key);
export const server: Promise<CacheServer> = cache.serve({ listen: ['127.0.0.1:0'], runtime: 'auto' });
const settings: Settings = { server: { listen: '127.0.0.1:0' } };
export const served: Promise<RingstoneServer> = serve(settings);
export function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof RingstoneError ? error.code : undefined;
}
export const all = [text, bytes, gone, VERSION satisfies string];

const upper: Codec<string> = { name: 'upper', encode: value => value.toUpperCase(), decode: bytes => bytes.toString() };
export const shouted: string | undefined = Cache.open({ codec: upper }).get('key');
export const parsed: { id: number } | undefined = Cache.open<{ id: number }>({ codec: 'json' }).get('key');
export const loader: Loader = cache.loader('user:', async (name, { signal }) => (signal.aborted ? undefined : name), {
  ttl: 1_000,
});

declare const absent: undefined;
Cache.open({ name: absent, maxMemory: absent });
cache.createWriteStream('key', { size: absent, ttl: absent, signal: absent });
cache.createReadStream('key', { start: absent, signal: absent });
cache.loader('key', () => absent, { ttl: absent, staleFor: absent });
export const waited: Promise<Buffer | undefined> = cache.fetch('key', { signal: absent });
export const quiet: Promise<CacheServer> = cache.serve({ listen: '127.0.0.1:0', http: absent, signal: absent });

// @ts-expect-error a TTL goes into an object
cache.set('key', 'value', 5_000);
// @ts-expect-error a value is a string or bytes
cache.set('key', Symbol('value'));
// @ts-expect-error there may be none
export const sure: string = cache.getString('key');
// @ts-expect-error no such eviction
Cache.open({ eviction: 'random' });
`;

const NAMES =
  'Cache, RingstoneError, VERSION, serve, type CacheOptions, type CacheServer, type Codec, type ErrorCode, type Key, type Loader, type RingstoneServer, type Settings';

/** Text by file name. */
export const CONSUMERS: Readonly<Record<string, string>> = {
  'types.mts': `import { ${NAMES} } from 'ringstone';\n${BODY}`,
  'types.cts': `import { ${NAMES} } from 'ringstone';\n${BODY}`,
  'required.cts': `import ringstone = require('ringstone');
export const cache: ringstone.Cache = ringstone.Cache.open();\n`,
  'bundled.ts': `import { ${NAMES} } from 'ringstone';\n${BODY}`,
};

const config = (root: string, files: readonly string[], options: object) => ({
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    // Our declarations, and what they need of others, are compiled too.
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [`${root}/node_modules/@types`],
    ...options,
  },
  files,
});

/** tsconfig.json by what is special about it; `root` is where @types/node is installed. */
export const TSCONFIGS: Readonly<Record<string, (root: string) => object>> = {
  nodenext: root => config(root, ['types.mts', 'types.cts', 'required.cts'], { module: 'nodenext' }),
  node16: root => config(root, ['types.mts', 'types.cts', 'required.cts'], { module: 'node16' }),
  bundler: root => config(root, ['bundled.ts'], { module: 'esnext', moduleResolution: 'bundler' }),
};
