import type { Client } from 'pg';

/** Who has what where, in the log that is read. Facts repeat themselves: a few subjects, roles and scopes have most of them. */
export const population = { subjects: 200_000, roles: 50, scopes: 20_000, actors: 500, years: 5 } as const;

/** Evenly distributed from 0 to 1, always the same for the same number and salt. */
const chance = (of: string, salt: number): string =>
  `((hashint8extended(${of}, ${salt}) & 9223372036854775807)::float8 / 9223372036854775807)`;

/** Of each ten scopes six are courses, three libraries, nearly one an organisation; one in a thousand is of a kind that is rare. */
const scopeOf = (number: string): string => `CASE
  WHEN ${number} % 1000 = 999 THEN 'ccx-v1^ccx-v1:Org' || ${number} % 200 || '+C' || ${number} || '+run'
  WHEN ${number} % 10 < 6 THEN 'course-v1^course-v1:Org' || ${number} % 200 || '+C' || ${number} || '+2025'
  WHEN ${number} % 10 < 9 THEN 'lib^lib:Org' || ${number} % 200 || ':lib-' || ${number}
  ELSE 'org^Org' || ${number} END`;

/** One in 500 events is about a policy, one in 200 an attempt that was denied. */
const createStaging = `
  CREATE UNLOGGED TABLE staged AS
  WITH fact AS (
    SELECT n, now() - interval '${population.years} years' * (1 - ${chance('n / 3', 1)}) AS given,
      interval '1 year' * (-0.6 * ln(1 - ${chance('n', 2)} * 0.999999)) AS stay,
      'user^' || floor(${population.subjects} * ${chance('n', 3)} ^ 1.5)::bigint AS subject,
      'role^role-' || floor(${population.roles} * ${chance('n', 4)} ^ 2)::bigint AS role,
      floor(${population.scopes} * ${chance('n', 5)} ^ 1.5)::bigint AS place
    FROM generate_series(1::bigint, $1::bigint) AS n),
  event AS (
    SELECT n, 'created' AS operation, given AS moment, 'user^' || floor(${population.actors} * ${chance('n / 3', 6)} ^ 2)::bigint AS actor,
      n / 3 AS call, subject, role, place FROM fact
    UNION ALL
    SELECT n, 'deleted', given + stay, 'user^' || floor(${population.actors} * ${chance('n', 7)} ^ 2)::bigint, -n, subject, role, place
    FROM fact WHERE given + stay < now())
  SELECT row_number() OVER (ORDER BY moment, n) AS seq, operation, moment, actor, call, subject, role, ${scopeOf('place')} AS scope,
    CASE WHEN n % 500 = 0 THEN 'policy' ELSE 'role_assignment' END AS kind,
    CASE WHEN n % 200 = 7 THEN 'denied' ELSE 'success' END AS outcome
  FROM event`;

/** What is stayed with for some 7 months on average ends within the five years in this share of all cases. */
const eventsPerFact = 1.88;

/** Makes the events that both sides load, by number: the first is the oldest. @returns how many there are */
export async function stageEvents(client: Client, rows: number): Promise<number> {
  await client.query('SET max_parallel_workers_per_gather = 0'); // one process sorts, and the other core is left to the server
  await client.query(`SET work_mem = '512MB'`);
  await client.query(`SELECT setseed(0.5)`);
  await client.query(createStaging, [Math.ceil((rows / eventsPerFact) * 1.02)]);
  await client.query('DELETE FROM staged WHERE seq > $1', [rows]);
  await client.query('CREATE UNIQUE INDEX staged_seq ON staged (seq)');
  const { rows: counted } = await client.query<{ n: string }>('SELECT count(*) AS n FROM staged');
  return Number(counted[0]?.n);
}
