import { constants } from 'node:os';

/**
 * Runs `cleanUp` at the first signal and ends the process then. Ctrl-C may arrive twice, from the terminal and from npm: that
 * is one.
 * @returns whether a signal has come
 */
export function endOnSignals(cleanUp: () => Promise<void>): () => boolean {
  let heard = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (heard) return;
      heard = true;
      const exit = (): never => process.exit(128 + constants.signals[signal]);
      cleanUp().then(exit, exit);
    });
  }
  return () => heard;
}
