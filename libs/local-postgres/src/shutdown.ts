import { faultCode, LocalPostgresError } from './local-postgres.error';
import type { Postmaster } from './postmaster';
import { until } from './until';

export const FAST_SHUTDOWN_MS = 10_000;
/** Longer than the 5 s after which a postmaster in immediate shutdown kills its backends. */
const IMMEDIATE_SHUTDOWN_MS = 15_000;

/**
 * Returns when the postmaster is really gone. Fast shutdown ends sessions and writes a checkpoint; immediate shutdown,
 * when that takes too long, loses no committed data either but makes the next start recover.
 */
export async function shutDown(postmaster: Postmaster, fastShutdownMs = FAST_SHUTDOWN_MS): Promise<void> {
  if (await endsAfter(postmaster, 'SIGINT', fastShutdownMs)) return;
  if (await endsAfter(postmaster, 'SIGQUIT', IMMEDIATE_SHUTDOWN_MS)) return;
  throw new LocalPostgresError(
    'STOP_FAILED',
    `PostgreSQL (pid ${postmaster.pid}) does not end: end it with kill -9 ${postmaster.pid}; the next start recovers.`,
  );
}

async function endsAfter(postmaster: Postmaster, signal: NodeJS.Signals, limitMs: number): Promise<boolean> {
  // Asked right before the signal, because the pid of a gone postmaster may be another program's.
  if (await postmaster.ended()) return true;
  try {
    process.kill(postmaster.pid, signal);
  } catch (fault) {
    if (faultCode(fault) !== 'ESRCH') {
      throw new LocalPostgresError(
        'STOP_FAILED',
        `PostgreSQL (pid ${postmaster.pid}) cannot be signalled (${faultCode(fault)}): stop it as its own user or as root.`,
        { cause: fault },
      );
    }
  }
  return until(() => postmaster.ended(), limitMs);
}
