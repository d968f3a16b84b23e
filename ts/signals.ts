/** npm passes on a Ctrl-C that the terminal has already sent to the whole group: one wish, two signals. */
const SIGINT_ECHO_MS = 100;

/**
 * Resolves with the first SIGTERM or SIGINT.
 *
 * @param again called with each that follows
 */
export function stopSignal(again: (signal: NodeJS.Signals) => void): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let stoppingSinceMs: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      if (stoppingSinceMs === undefined) {
        stoppingSinceMs = performance.now();
        resolve(signal);
      } else if (signal !== 'SIGINT' || performance.now() - stoppingSinceMs >= SIGINT_ECHO_MS) {
        again(signal);
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
