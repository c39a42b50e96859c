import { Logger } from '@nestjs/common';
import { LocalPostgresError } from 'local-postgres';
import { BenchError } from './bench.error';
import { type BenchServer, openServer } from './server';
import { endOnSignals } from './signals';

/** Lends the server of DATABASE_URL, or an embedded one, to `work`, and leaves nothing of it behind, also at a signal. */
export async function withServer(work: (server: BenchServer) => Promise<void>): Promise<void> {
  const opening = openServer(process.env.DATABASE_URL || undefined);
  const interrupted = endOnSignals(async () => {
    Logger.overrideLogger(false); // what the library says about a server that is taken away helps nobody
    await (await opening).close();
  });
  const server = await opening;
  try {
    await work(server);
  } catch (error) {
    if (!interrupted()) throw error; // else it is our own doing: the server was taken away
  } finally {
    await server.close();
  }
}

/** Runs a program and tells what went wrong in one line, if it is known. */
export function runMain(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    const known = error instanceof BenchError || error instanceof LocalPostgresError;
    process.stderr.write(
      `${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  });
}
