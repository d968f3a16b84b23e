import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DestinationStream, destination, type Level, type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config/schema.ts';

export type { Logger } from 'pino';

/** A logger that can follow a change of configuration and a rotation of its file. */
export interface Log {
  readonly logger: Logger;
  /** Sets the least level that is written. */
  setLevel(level: Config['logging']['level']): void;
  /**
   * Opens the file again and closes the old one; does nothing for stderr.
   *
   * @throws the system's error when the file cannot be opened; the log goes on in the one that was open
   */
  reopen(): void;
}

const STDERR = 2;

/**
 * Opens the log. Writes are synchronous: there are few, and none is lost when the process ends.
 *
 * @throws the system's error when the file cannot be opened
 */
export function openLog({ level, file, format }: Config['logging']): Log {
  const toFile = file !== 'stderr';
  const sink = destination({ dest: toFile ? file : STDERR, sync: true, append: true, mkdir: toFile });
  // A full disk or a reader that went away costs log lines, not the server.
  sink.on('error', () => {});
  const terminal = !toFile && process.stderr.isTTY === true;
  const usePretty = format === 'pretty' || (format === 'auto' && terminal);
  const stream: DestinationStream = usePretty
    ? pretty({
        destination: sink,
        colorize: terminal,
        sync: true,
        translateTime: 'SYS:HH:MM:ss.l',
        ignore: 'pid,hostname',
        // The sentences say everything; the fields are for machines. Errors are shown with their stack.
        hideObject: true,
      })
    : sink;
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, stream);
  return {
    logger,
    setLevel: wanted => {
      logger.level = wanted as Level;
    },
    reopen: () => {
      if (!toFile) return;
      // Tried apart from the sink: after a reopening that failed, it would close the old descriptor twice.
      mkdirSync(dirname(file), { recursive: true });
      closeSync(openSync(file, 'a'));
      sink.reopen();
    },
  };
}
