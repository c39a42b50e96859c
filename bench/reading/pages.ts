import type { AuditFilter, AuditRecord } from 'grantlog';
import { cursorAfter } from '../../libs/grantlog/src/contract/page-cursor';
import { comparedMeasures, ourMeasure, type Result } from '../result';
import type { Case } from './cases';
import type { LogPair } from './log-pair';
import { openedxQuestion } from './openedx-log';
import { timed, type Timing } from './timing';

export const limit = 100;
/** Questions of each kind, each about another record. */
const questions = 200;
const deepQuestions = 20;

/** Records from all over the log, always the same ones. */
export async function sampleOf({ trail, records }: LogPair, size = questions + 1): Promise<AuditRecord[]> {
  const sample: AuditRecord[] = [];
  for (let n = 0; sample.length < size; n += 1) {
    const seq = 1 + ((n * 7_919 * 104_729) % records);
    const [record] = await trail.after(String(seq - 1), String(seq), {}, 1);
    if (record && record.type.startsWith('role_assignment') && record.outcome === 'success') sample.push(record);
  }
  return sample;
}

/** The first page of a way of asking, and the deepest one, on both sides. */
export async function* measurePages(pair: LogPair, one: Case, sample: readonly AuditRecord[]): AsyncIterable<Result> {
  const filters = sample.map((record) => one.filter(record)).filter((filter) => !Object.values(filter).includes(null));
  yield* compare(one.name, await ours(pair, filters), await theirs(pair, filters));
  const deep = (await Promise.all(filters.slice(0, deepQuestions + 1).map((filter) => deepest(pair, filter)))).flat();
  if (deep.length < 4) return; // too few records for a second page
  const deepFilters = deep.map(({ filter }) => filter);
  yield* compare(
    `${one.name} deepest`,
    await timed(
      deep.map(
        ({ filter, cursor }) =>
          () =>
            pair.trail.find({ ...filter, limit, cursor }),
      ),
    ),
    await theirs(pair, deepFilters, true),
  );
}

/** One question, asked again and again. */
export async function* measureOne(pair: LogPair, name: string, filter: AuditFilter): AsyncIterable<Result> {
  const filters = Array.from({ length: 41 }, () => filter);
  yield* compare(name, await ours(pair, filters), await theirs(pair, filters));
}

function ours({ trail }: LogPair, filters: readonly AuditFilter[]): Promise<Timing> {
  return timed(filters.map((filter) => () => trail.find({ ...filter, limit })));
}

async function theirs(
  { client }: LogPair,
  filters: readonly AuditFilter[],
  atTheEnd = false,
): Promise<Timing | undefined> {
  const calls: (() => Promise<unknown>)[] = [];
  for (const filter of filters) {
    const offset = atTheEnd ? await lastOffset(client, filter) : 0;
    const question = openedxQuestion(filter, 'page', offset);
    if (!question) return undefined;
    calls.push(() => client.query(question.sql, [...question.parameters]));
  }
  return timed(calls);
}

async function lastOffset(client: LogPair['client'], filter: AuditFilter): Promise<number> {
  const count = openedxQuestion(filter, 'count');
  if (!count) return 0;
  const { rows } = await client.query<{ n: number }>(count.sql, [...count.parameters]);
  return Math.max(0, (rows[0]?.n ?? 0) - limit);
}

/** The cursor of the last full page: behind it are the oldest records. */
async function deepest(
  { trail, records }: LogPair,
  filter: AuditFilter,
): Promise<{ filter: AuditFilter; cursor: string }[]> {
  const oldest = await trail.after('0', String(records), filter, limit + 1);
  const last = oldest[limit];
  return last ? [{ filter, cursor: cursorAfter(last.seq, 'audit-records', filter) }] : [];
}

export function* compare(name: string, own: Timing, other?: Timing): Iterable<Result> {
  for (const share of ['p50', 'p95'] as const) {
    const unit = `ms, ${share}`;
    yield other
      ? comparedMeasures(name, 1, unit, { ours: own[share], baseline: other[share] })
      : ourMeasure(name, 1, unit, own[share]);
  }
}
