import 'reflect-metadata';
import { LocalPostgresError } from 'local-postgres';
import { type Arguments, readArguments, usage } from './arguments';
import { cells } from './cells';
import { CrashMatrixError } from './crash-matrix.error';
import { sum, total } from './findings';
import { beginAnew, Matrix } from './matrix';
import { lineOf, rowsOf, tableOf } from './report';
import { endOnSignals } from '../bench/signals';

const exitCodes = { failed: 1, misused: 2, found: 3 } as const;

async function main(): Promise<void> {
  const wanted = readArguments(process.argv.slice(2));
  if (wanted.help) {
    process.stdout.write(usage);
    return;
  }
  if (wanted.fresh) await beginAnew(wanted.state);
  const opening = open(wanted);
  const interrupted = endOnSignals(async () => (await opening).close());
  const matrix = await opening;
  try {
    await matrix.run(wanted.kills);
    const rows = rowsOf(matrix.kills);
    process.stdout.write(`${wanted.json ? JSON.stringify(rows, null, 2) : tableOf(matrix.kills)}\n`);
    if (total(sum(rows)) > 0) process.exitCode = exitCodes.found;
  } catch (error) {
    if (!interrupted()) throw error; // else it is our own doing: the server was taken away
  } finally {
    await matrix.close();
  }
}

function open({ state, seed, kills }: Arguments): Promise<Matrix> {
  return Matrix.open({
    state,
    seed,
    cells,
    nodeOptions: [],
    onKill: (kill, number) => say(lineOf(kill, number, kills)),
    onTrouble: (trouble) => say(`Not recovered: ${trouble}`),
  });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

main().catch((error: unknown) => {
  const known = error instanceof CrashMatrixError || error instanceof LocalPostgresError;
  say(known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = error instanceof CrashMatrixError ? exitCodes.misused : exitCodes.failed;
});
