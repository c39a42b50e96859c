import { join } from 'node:path';
import { startLocalPostgres } from 'local-postgres';
import { DataSource } from 'typeorm';
import type { DemoProcess } from '../../../demo/test/demo-process';

/** One call to the API. */
interface Change {
  readonly by: string;
  readonly verb: 'assign' | 'remove';
  readonly assignments: readonly { subject: string; role: string; scope: string }[];
  readonly reason: string;
}

const days = 28;
const day = 86_400_000;
const browser = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36';

const course = 'course-v1^course-v1:MITx+6.00x+2026_T2';
const libraries = [
  'lib^lib:Axim:calculus',
  'lib^lib:Axim:geometry',
  'lib^lib:MITx:algorithms',
  'lib^lib:HarvardX:justice',
];
const names =
  'amara bo chen dana elif farid gita hugo ines jun kofi lena malik nadia omar pia rosa sven tala uma'.split(' ');
const reasons = [
  'Joins the team of the spring term',
  'Covers for a colleague on leave',
  'Requested in ticket HELP-2214',
  'Reviews content before publication',
  'Takes over the open questions',
];

/** A month at a learning platform: always the same, so that pictures of it are. */
export function changesOfATerm(): Change[] {
  const changes: Change[] = [];
  const pick = <T>(of: readonly T[], index: number): T => of[index % of.length] as T;
  for (let step = 0; step < 90; step++) {
    const by = step % 3 === 0 ? 'moses' : 'admin';
    const subject = `user^${pick(names, step * 7)}`;
    const role = pick(['role^library_author', 'role^library_contributor', 'role^library_user'], step);
    const given = { by, assignments: [{ subject, role, scope: pick(libraries, step * 3 + 1) }] };
    changes.push({ ...given, verb: 'assign', reason: pick(reasons, step) });
    if (step % 4 === 3) changes.push({ ...given, verb: 'remove', reason: 'The work is done' });
    if (step % 15 === 10) {
      const learners = names.slice(step / 15, step / 15 + 12).map((name) => `user^${name}`);
      const assignments = learners.map((learner) => ({ subject: learner, role: 'role^course_learner', scope: course }));
      changes.push({
        by: 'admin',
        verb: 'assign',
        assignments,
        reason: 'Enrolled by the registrar, list of this week',
      });
    }
  }
  return changes;
}

/** Makes the changes through the API, and two attempts of somebody who may not. */
export async function live(demo: DemoProcess, changes: readonly Change[]): Promise<void> {
  for (const { by, verb, assignments, reason } of [...changes, ...inVain]) {
    const { token } = (await demo.signIn(by)).body as { token: string };
    await fetch(`${demo.url}/authz/role-assignments${verb === 'remove' ? '/remove' : ''}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'user-agent': browser },
      body: JSON.stringify({ assignments, reason }),
    });
  }
}

const inVain: readonly Change[] = [
  {
    by: 'zoe',
    verb: 'assign',
    assignments: [{ subject: 'user^zoe', role: 'role^library_admin', scope: 'lib^lib:Axim:calculus' }],
    reason: 'Needs to look at the settings',
  },
];

/**
 * Spreads the records over the last weeks, on working days: they were all made in a minute, and a picture of that shows one bar. Takes the rights of
 * the owner of a database that is thrown away afterwards; an app has none to do so.
 */
export async function spreadOverWeeks(dataDir: string): Promise<void> {
  const server = await startLocalPostgres({ dataDir: join(dataDir, 'postgres') });
  const owner = await new DataSource({
    type: 'postgres',
    url: Object.assign(new URL(server.url), { pathname: '/grantlog' }).href,
  }).initialize();
  try {
    const triggers = await owner.query<{ name: string }[]>(
      `SELECT quote_ident(tgname) AS name FROM pg_trigger WHERE tgrelid = 'audit_record'::regclass AND NOT tgisinternal`,
    );
    const each = async (what: string): Promise<void> => {
      for (const { name } of triggers) await owner.query(`ALTER TABLE audit_record ${what} TRIGGER ${name}`);
    };
    const records = await owner.query<{ seq: string }[]>(
      'SELECT seq::text AS seq FROM audit_record ORDER BY audit_record.seq',
    );
    await each('DISABLE');
    await owner.query(
      `UPDATE audit_record SET recorded_at = moved.at, occurred_at = moved.at - interval '11 milliseconds'
       FROM unnest($1::bigint[], $2::timestamptz[]) AS moved (seq, at) WHERE audit_record.seq = moved.seq`,
      [records.map(({ seq }) => seq), moments(records.length)],
    );
    await each('ENABLE ALWAYS');
  } finally {
    await owner.destroy();
    await server.stop();
  }
}

/** The policy two weeks before, then work from Monday to Friday, more of it in the middle of the day and of the month. */
function moments(count: number): Date[] {
  const begin = Math.floor(Date.now() / day - days) * day;
  const weights = Array.from({ length: days * 24 }, (_, hour) => weightOf(new Date(begin + hour * 3_600_000)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const policy = 112;
  return Array.from({ length: count }, (_, index) => {
    if (index < policy) return new Date(begin - 14 * day + 8 * 3_600_000 + index * 5);
    let left = ((index - policy + 0.5) / (count - policy)) * total;
    const hour = weights.findIndex((weight) => (left -= weight) < 0);
    return new Date(begin + hour * 3_600_000 + (1 + left / (weights[hour] ?? 1)) * 3_600_000);
  });
}

function weightOf(moment: Date): number {
  const isWork = moment.getUTCDay() % 6 !== 0 && moment.getUTCHours() >= 8 && moment.getUTCHours() < 17;
  return isWork ? 2 + Math.sin(moment.getUTCDate() * 1.7) + Math.sin(moment.getUTCHours() * 0.9) / 2 : 0;
}
