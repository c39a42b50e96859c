import { type AuditRecord, Attempts } from 'grantlog';
import type { TestApp } from './app';
import { until } from './until';

let markers = 0;

/**
 * The records of attempts, oldest first, once all that failed before the call has been recorded. A round of writing takes what waits,
 * then looks at transactions that have ended, and takes what it found and what has come meanwhile. The first marker may be the last
 * thing of the round under way, the second the first thing of the next, the third come in the middle of it: the fourth is behind all.
 */
export async function attemptsOf(app: TestApp): Promise<AuditRecord[]> {
  for (let before = 0; before < 3; before += 1) await marker(app);
  return (await marker(app)).filter(({ subject }) => !subject.startsWith('marker^'));
}

async function marker(app: TestApp): Promise<AuditRecord[]> {
  const subject = `marker^${(markers += 1)}`;
  app.nest.get(Attempts).denied('created', { subject, role: 'role^none', scope: '*' });
  const records = await until(
    () => app.records(),
    (all) => all.some((record) => record.subject === subject),
  );
  return records.filter(({ outcome }) => outcome !== 'success');
}

/** What is told of an attempt, without the circumstances. */
export function toldOf({ type, outcome, details: { rule, error } }: AuditRecord): unknown[] {
  return [outcome, type, rule?.join(), error?.code];
}
