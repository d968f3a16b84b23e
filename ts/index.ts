/**
 * Ringstone in a program: a server that memcached and Redis clients connect to. The settings are those of the
 * configuration file; docs/configuration.md lists them.
 *
 * @module
 */
import { checkSettings } from './config/load.ts';
import type { Settings } from './config/schema.ts';
import { openLog } from './log.ts';
import { type RingstoneServer, startServer } from './server.ts';

export { ConfigError } from './config/load.ts';
export type { Settings } from './config/schema.ts';
export { type ErrorCode, RingstoneError } from './errors.ts';
export type { MetricFamily, MetricSample } from './native.ts';
export type { RingstoneServer } from './server.ts';
export { VERSION } from './version.ts';

/**
 * Starts a server.
 *
 * @example
 * await using server = await serve({ server: { listen: '127.0.0.1:0' }, http: { listen: 'off' } });
 * console.log(server.addresses);
 *
 * @param settings as in the configuration file; what is missing has its default. The environment is not read.
 * @throws ConfigError when the settings do not hold, RingstoneError when the server cannot start
 */
export async function serve(settings: Settings = {}): Promise<RingstoneServer> {
  const { config, warnings } = checkSettings(settings);
  const { logger } = openLog(config.logging);
  for (const warning of warnings) logger.warn(warning);
  return startServer(config, logger);
}
