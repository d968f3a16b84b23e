import { logBanner } from './banner.ts';
import type { Loaded } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { SETTINGS } from './config/settings.ts';
import { ConfigError, RingstoneError } from './errors.ts';
import { fileLimitProblem } from './limits.ts';
import { type Log, openLog } from './log.ts';
import { type ServedServer, startServer } from './server.ts';
import { stopSignal } from './signals.ts';

/** Failure at run time. */
const EXIT_FAILURE = 1;

function settingOf(config: Config, key: string): unknown {
  const [section = '', name = ''] = key.split('.');
  return (config as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[section]?.[name];
}

/** Settings whose value differs, by key. */
function changedKeys(before: Config, after: Config): string[] {
  const text = (config: Config, key: string) => JSON.stringify(settingOf(config, key));
  return SETTINGS.map(({ key }) => key).filter(key => text(before, key) !== text(after, key));
}

/** Follows a rotation of the log file. A folder that is gone or a full table of files costs the change, not the server. */
function reopen(log: Log, file: string): void {
  try {
    log.reopen();
  } catch (error) {
    const why = `cannot reopen the log file ${file}: ${(error as Error).message}; the log goes on in the one before`;
    log.logger.error({ event: 'reopen_failed' }, why);
  }
}

/** Reads the file of users again. */
function reloadUsers(log: Log, server: ServedServer | undefined): void {
  try {
    const users = server?.reloadUsers() ?? 0;
    if (users > 0) log.logger.info({ event: 'users', users }, `${users} user${users === 1 ? '' : 's'}`);
  } catch (error) {
    if (!(error instanceof RingstoneError)) throw error;
    log.logger.error({ event: 'reload_failed', code: error.code }, `${error.message}; the users stay as they were`);
  }
}

/** SIGHUP: reads the configuration again, takes the log level from it, reopens the log file, and reads the users again. */
function reload(log: Log, started: Loaded, load: () => Loaded, server: ServedServer | undefined): void {
  reopen(log, started.config.logging.file);
  reloadUsers(log, server);
  try {
    const { config } = load();
    log.setLevel(config.logging.level);
    const waiting = changedKeys(started.config, config).filter(key => key !== 'logging.level');
    const rest = waiting.length === 0 ? '' : `; a restart is needed for ${waiting.join(', ')}`;
    log.logger.info({ event: 'reloaded' }, `reloaded, log level ${config.logging.level}${rest}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log.logger.error({ event: 'reload_failed' }, `the configuration stays as it was: ${error.problems.join('; ')}`);
  }
}

/** What nobody caught is a defect: it is logged and ends the process. */
function endOnDefects(log: Log): void {
  const end = (error: unknown) => {
    log.logger.fatal(
      { event: 'defect', err: error },
      `unexpected error: ${error instanceof Error ? error.stack : error}`,
    );
    process.exit(EXIT_FAILURE);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

/** One line on the log, and on stderr where the log is somewhere else or silent. */
function reportFailure(log: Log, config: Config, error: RingstoneError): void {
  log.logger.fatal({ event: 'start_failed', code: error.code }, error.message);
  if (config.logging.file !== 'stderr' || config.logging.level === 'silent') {
    process.stderr.write(`ringstone: ${error.message}\n`);
  }
}

function open(config: Config): Log | undefined {
  try {
    return openLog(config.logging);
  } catch (error) {
    process.stderr.write(`ringstone: cannot open the log file ${config.logging.file}: ${(error as Error).message}\n`);
    return undefined;
  }
}

async function start(log: Log, config: Config): Promise<ServedServer | undefined> {
  try {
    return await startServer(config, log.logger);
  } catch (error) {
    if (!(error instanceof RingstoneError)) throw error;
    reportFailure(log, config, error);
    return undefined;
  }
}

/**
 * Serves until SIGTERM or SIGINT, then drains. Returns the exit code.
 *
 * @param load reads the configuration again, for SIGHUP
 */
export async function runServer(loaded: Loaded, load: () => Loaded): Promise<number> {
  const { config, warnings } = loaded;
  process.title = 'ringstone';
  const log = open(config);
  if (!log) return EXIT_FAILURE;
  const { logger } = log;
  endOnDefects(log);
  const signalled = stopSignal(signal => {
    logger.warn({ event: 'stopped' }, `${signal} again: ending at once`);
    process.exit(EXIT_FAILURE);
  });
  let server: ServedServer | undefined;
  process.on('SIGHUP', () => reload(log, loaded, load, server));
  for (const warning of warnings) logger.warn({ event: 'configuration' }, warning);
  const files = fileLimitProblem(config.server.max_connections);
  if (files !== undefined) logger.warn({ event: 'file_limit' }, files);

  server = await start(log, config);
  if (!server) return EXIT_FAILURE;
  logBanner(server, config, logger);

  const signal = await Promise.race([signalled, server.shutdownRequested.then(() => 'shutdown')]);
  logger.info({ event: 'draining' }, `${signal}: draining`);
  const drained = await server.close();
  if (drained) logger.info({ event: 'stopped' }, 'stopped');
  else logger.warn({ event: 'stopped' }, 'stopped; connections were cut off at server.shutdown_timeout');
  return 0;
}
