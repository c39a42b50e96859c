import { LocalPostgresError } from './local-postgres.error';
import type { LaunchedPostmaster } from './launch';
import type { Place } from './place';

const SHARED_MEMORY_HELD = /pre-existing shared memory block/;
const PASSING = [
  SHARED_MEMORY_HELD,
  /could not create any TCP\/IP sockets/,
  /lock file ".*" (already exists|is empty)/,
  /bogus data in lock file/,
];

/** Why a launched postmaster ended before it was ready; a `passing` reason may be gone at the next try. */
export interface EarlyEnd {
  readonly passing: boolean;
  readonly error: LocalPostgresError;
}

export async function explainEnd({ folder }: Place, postmaster: LaunchedPostmaster): Promise<EarlyEnd> {
  const said = await postmaster.said();
  const lines = said.trim().split('\n').slice(-6).join('\n') || 'it said nothing';
  const held = SHARED_MEMORY_HELD.test(said);
  const remedy = held ? 'end the programs that still use it, then start again' : 'mend that and start again';
  return {
    passing: PASSING.some((sign) => sign.test(said)),
    error: new LocalPostgresError(
      held ? 'LEFTOVERS' : 'START_FAILED',
      `PostgreSQL did not start on ${folder.data}: ${remedy}. The end of ${folder.log}: ${lines}`,
    ),
  };
}
