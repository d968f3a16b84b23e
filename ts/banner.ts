import { isLoopback, type Protocol, parseAddress } from './config/address.ts';
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

/** Whether a real address, which is numeric, can be reached from this machine only. */
function isLocal(text: string): boolean {
  const address = parseAddress(text);
  return typeof address !== 'string' && isLoopback(address);
}

/**
 * Says what was started: sentences for people, each with its facts as fields for programs, and in the last line, `ready`,
 * all of them.
 */
export function logBanner(server: RingstoneServer & Subject, config: Config, logger: Logger): void {
  const info = server.info();
  if (!info) return;
  const { workers, cells, addresses, runtime, runtimeReason, maxMemory } = info;
  const { httpAddress: http, version } = server;
  const resources = { workers, cells, max_memory_bytes: maxMemory };
  logger.info({ event: 'starting', version }, `ringstone ${version}, pid ${process.pid}`);
  logger.info({ event: 'runtime', runtime, runtime_reason: runtimeReason }, `runtime ${runtime} (${runtimeReason})`);
  logger.info(
    { event: 'resources', ...resources },
    `${workers} worker${workers === 1 ? '' : 's'}, ${formatSize(maxMemory)} of memory in ${cells} cells, ` +
      `eviction ${config.storage.eviction}, values up to ${formatSize(config.storage.max_value_size)}`,
  );
  if (![...addresses, ...(http === undefined ? [] : [http])].every(isLocal)) {
    const missing =
      config.auth.file === 'off' ? 'there is no authentication, and this version has' : 'this version has';
    const warning = `listening beyond loopback: ${missing} no TLS`;
    logger.warn({ event: 'not_loopback' }, warning);
  }
  for (const [index, address] of addresses.entries()) {
    const protocol = config.server.listen[index]?.protocol ?? config.server.protocol;
    logger.info({ event: 'listening', address, protocol }, `listening on ${address} for ${SPOKEN[protocol]}`);
  }
  if (http !== undefined) {
    logger.info({ event: 'http', address: http }, `http://${http} has /health, /ready, /metrics and /stats`);
  }
  const facts = { version, runtime, runtime_reason: runtimeReason, ...resources, listeners: addresses, http };
  logger.info({ event: 'ready', ...facts }, 'ready');
}
