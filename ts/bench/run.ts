import { type Address, formatAddress } from '../config/address.ts';
import { fromNative, isErrorCode, RingstoneError } from '../errors.ts';
import { type LoadOptions, type LoadProgress, type LoadReport, loadNative } from '../native.ts';
import { resolveHost } from '../resolve.ts';
import { stopSignal } from '../signals.ts';
import { VERSION } from '../version.ts';
import { type Bench, readBenchArguments } from './arguments.ts';
import { renderBenchHelp, renderJson, renderProgress, renderReport } from './render.ts';

/** Something went wrong. */
const EXIT_FAILURE = 1;

async function nativeTarget(target: Address): Promise<Pick<LoadOptions, 'address' | 'path'>> {
  if ('path' in target) return { path: target.path };
  return { address: formatAddress(await resolveHost(target, 'connect to')) };
}

/** The one object that crosses into the native part; 0 stands for "none" on the command line only. */
async function nativeOptions({ target, options }: Bench): Promise<LoadOptions> {
  const { zipf, requests, rate, progress, server_pid: serverPid } = options;
  return {
    ...(await nativeTarget(target)),
    protocol: options.protocol,
    connections: options.connections,
    threads: options.threads,
    pipeline: options.pipeline,
    ...options.ratio,
    minValueSize: options.value_size.min,
    maxValueSize: options.value_size.max,
    keys: options.keys,
    keyPrefix: options.key_prefix,
    keySize: options.key_size,
    keysPerGet: options.keys_per_get,
    ...(zipf === 0 ? {} : { theta: zipf }),
    preload: options.preload,
    warmupMs: options.warmup,
    durationMs: options.duration,
    ...(requests === 0 ? {} : { requests }),
    ...(rate === 0 ? {} : { rate }),
    timeoutMs: options.timeout,
    ...(progress === 0 ? {} : { progressMs: progress }),
    ...(serverPid === 0 ? {} : { serverPid }),
    seed: options.seed,
  };
}

/**
 * Runs a load to its end, or until SIGINT or SIGTERM.
 *
 * @throws RingstoneError when it could not begin
 */
async function load(bench: Bench, onProgress: (progress: LoadProgress) => void): Promise<LoadReport> {
  const { NativeLoad } = loadNative();
  const options = await nativeOptions(bench);
  try {
    const native = new NativeLoad(options);
    stopSignal(() => process.exit(EXIT_FAILURE)).then(() => native.stop());
    // Nobody reads on: the rest of the load would be for nobody.
    process.stderr.once('error', () => native.stop());
    const { report, failure } = await native.run(onProgress);
    if (report) return report;
    const code = isErrorCode(failure?.code) ? failure.code : 'RINGSTONE_START_FAILED';
    throw new RingstoneError(code, failure?.message ?? 'the load has ended without a word');
  } catch (error) {
    throw fromNative(error);
  }
}

/**
 * `ringstone bench`. Returns the exit code.
 *
 * @param args what follows `bench`
 * @throws ConfigError when they do not hold
 */
export async function runBench(args: readonly string[]): Promise<number> {
  const bench = readBenchArguments(args);
  if (bench.help) {
    process.stdout.write(renderBenchHelp(VERSION));
    return 0;
  }
  try {
    const report = await load(bench, progress => process.stderr.write(renderProgress(progress)));
    process.stdout.write(bench.options.json ? renderJson(bench, report) : renderReport(bench, report));
    return report.problems.length === 0 ? 0 : EXIT_FAILURE;
  } catch (error) {
    if (!(error instanceof RingstoneError)) throw error;
    process.stderr.write(`ringstone: ${error.message}\n`);
    return EXIT_FAILURE;
  }
}
