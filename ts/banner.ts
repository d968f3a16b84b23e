import type { Protocol } from './config/address.ts';
import { isLoopback } from './config/address.ts';
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

function warnIfOpen(config: Config, logger: Logger): void {
  const open = config.server.listen.filter(({ address }) => !isLoopback(address)).length;
  if (open > 0) {
    logger.warn({ event: 'not_loopback' }, 'listening beyond loopback: this version has no authentication and no TLS');
  }
}

/** Says what was started. Each line has an `event` and its facts as fields, which the json format shows. */
export function logBanner(server: RingstoneServer & Subject, config: Config, logger: Logger): void {
  const info = server.info();
  if (!info) return;
  const memory = formatSize(info.maxMemory);
  logger.info({ event: 'starting', version: server.version }, `ringstone ${server.version}, pid ${process.pid}`);
  logger.info(
    { event: 'runtime', runtime: info.runtime, reason: info.runtimeReason },
    `runtime ${info.runtime} (${info.runtimeReason})`,
  );
  logger.info(
    { event: 'resources', workers: info.workers, max_memory_bytes: info.maxMemory, cells: info.cells },
    `${info.workers} worker${info.workers === 1 ? '' : 's'}, ${memory} of memory in ${info.cells} cells, ` +
      `eviction ${config.storage.eviction}, values up to ${formatSize(config.storage.max_value_size)}`,
  );
  warnIfOpen(config, logger);
  for (const [index, address] of info.addresses.entries()) {
    const protocol = config.server.listen[index]?.protocol ?? config.server.protocol;
    logger.info({ event: 'listening', address, protocol }, `listening on ${address} for ${SPOKEN[protocol]}`);
  }
  const { httpAddress } = server;
  if (httpAddress !== undefined) {
    logger.info(
      { event: 'http', address: httpAddress },
      `http://${httpAddress} has /health, /ready, /metrics and /stats`,
    );
  }
  logger.info({ event: 'ready' }, 'ready');
}
