/**
 * Ringstone in a program: a cache that all threads share, and servers that memcached and Redis clients connect to. Nothing is
 * loaded or done before the first call.
 *
 * @module
 */
import type { Settings } from './config/schema.ts';
import type { RingstoneServer } from './server.ts';

export type { Bytes, CountOptions, Key, WriteOptions } from './cache/arguments.ts';
export { Cache } from './cache/cache.ts';
export type { Codec } from './cache/codec.ts';
export type { LoadContext, Loader, LoaderOptions, LoaderStats, LoadFunction } from './cache/loader.ts';
export type { CacheOptions, CodecOptions } from './cache/options.ts';
export type { ScanOptions } from './cache/scan.ts';
export type { CacheServer, ServeOptions } from './cache/serve.ts';
export type { CacheStats, CallerStats, LoadsStats } from './cache/stats.ts';
export type { ReadStreamOptions, WriteStreamOptions } from './cache/streams.ts';
export type { Settings } from './config/schema.ts';
export { ConfigError, type ErrorCode, LoadError, RingstoneError } from './errors.ts';
export type { MetricFamily, MetricSample } from './native.ts';
export type { RingstoneServer } from './server.ts';
export { VERSION } from './version.ts';

/**
 * Starts a server of a cache of its own. The settings are those of the configuration file; docs/configuration.md lists them.
 *
 * @example
 * await using server = await serve({ server: { listen: '127.0.0.1:0' }, http: { listen: 'off' } });
 * console.log(server.addresses);
 *
 * @param settings as in the configuration file; what is missing has its default. The environment is not read.
 * @throws ConfigError when the settings do not hold, RingstoneError when the server cannot start
 */
export async function serve(settings: Settings = {}): Promise<RingstoneServer> {
  const [{ checkSettings }, { openLog }, { startServer }] = await Promise.all([
    import('./config/load.ts'),
    import('./log.ts'),
    import('./server.ts'),
  ]);
  const { config, warnings } = checkSettings(settings);
  const { logger } = openLog(config.logging);
  for (const warning of warnings) logger.warn(warning);
  return startServer(config, logger);
}
