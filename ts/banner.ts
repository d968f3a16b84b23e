import { isLoopback, type Protocol } from './config/address.ts';
import type { Config } from './config/schema.ts';
import { formatSize } from './config/size.ts';
import type { Subject } from './http/routes.ts';
import type { Logger } from './log.ts';
import type { RingstoneServer } from './server.ts';

const SPOKEN: Readonly<Record<Protocol, string>> = {
  auto: 'memcached and RESP',
  memcached: 'memcached',
  resp: 'RESP',
  ping: 'ping',
  echo: 'echo',
};

/** Says what was started: sentences for people, and in the last line all facts as fields for programs. */
export function logBanner(server: RingstoneServer & Subject, config: Config, logger: Logger): void {
  const info = server.info();
  if (!info) return;
  const { workers, cells, addresses, runtime, runtimeReason, maxMemory } = info;
  const { httpAddress: http, version } = server;
  logger.info(`ringstone ${version}, pid ${process.pid}`);
  logger.info(`runtime ${runtime} (${runtimeReason})`);
  logger.info(
    `${workers} worker${workers === 1 ? '' : 's'}, ${formatSize(maxMemory)} of memory in ${cells} cells, ` +
      `eviction ${config.storage.eviction}, values up to ${formatSize(config.storage.max_value_size)}`,
  );
  if (!config.server.listen.every(({ address }) => isLoopback(address))) {
    logger.warn('listening beyond loopback: this version has no authentication and no TLS');
  }
  for (const [index, address] of addresses.entries()) {
    const protocol = config.server.listen[index]?.protocol ?? config.server.protocol;
    logger.info(`listening on ${address} for ${SPOKEN[protocol]}`);
  }
  if (http !== undefined) logger.info(`http://${http} has /health, /ready, /metrics and /stats`);
  const facts = { version, runtime, runtime_reason: runtimeReason, workers, cells, max_memory_bytes: maxMemory };
  logger.info({ event: 'ready', ...facts, listeners: addresses, http }, 'ready');
}
