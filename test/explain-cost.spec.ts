import { Enforcer, newEnforcer, Util } from 'casbin';
import { Explainer, type ExplainerParts, KeySyntax } from 'grantlog';
import type { DataSource } from 'typeorm';
import { pastRules, presentRules } from '../libs/grantlog/src/explain/rule-rows.sql';
import { RoleLinks } from '../libs/grantlog/src/policy/role-links';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { scopedModel } from './support/models';

const assignments = 20_000;
const policies = 200;
let database: TestDatabase;
let dataSource: DataSource;
let explainer: Explainer;

const parts = (): ExplainerParts => ({
  dataSource,
  keys: new KeySyntax(),
  model: scopedModel(),
  scopeMatching: 'glob',
  enforcerClass: Enforcer,
});

/** Assignments of many subjects, of one that has thousands, and a few policies; told by the log. */
beforeAll(async () => {
  database = await createDatabase();
  dataSource = await connect(database.url);
  await dataSource.query(`
    INSERT INTO casbin_rule (ptype, v0, v1, v2)
    SELECT 'g', 'user^' || n / 5, 'role^' || n % 50, 'lib^' || n FROM generate_series(1, ${assignments}) AS n
    UNION ALL SELECT 'g', 'service^all', 'role^1', 'lib^' || n FROM generate_series(1, ${assignments / 5}) AS n;
    INSERT INTO casbin_rule (ptype, v0, v1, v2) SELECT 'p', 'role^' || n % 50, 'act^' || n, '*' FROM generate_series(1, ${policies}) AS n;
    ANALYZE casbin_rule`);
  await dataSource.query(`
    INSERT INTO audit_record (seq, id, type, operation, outcome, subject, role, scope, scope_namespace, operation_id, occurred_at, recorded_at, details, outbox_id, xid)
    SELECT seq, gen_random_uuid(), CASE ptype WHEN 'g' THEN 'role_assignment' ELSE 'policy' END || '.created', 'created', 'success',
      v0, CASE ptype WHEN 'g' THEN v1 END, v2, split_part(v2, '^', 1), gen_random_uuid(), at, at,
      jsonb_build_object('ptype', ptype, 'rule', to_jsonb(ARRAY[v0, v1, v2])), seq, '3'
    FROM (SELECT row_number() OVER (ORDER BY id) AS seq, *, '2020-01-01'::timestamptz + id * interval '1 second' AS at FROM casbin_rule) AS rule;
    UPDATE audit_head SET seq = (SELECT max(seq) FROM audit_record), recorded_at = (SELECT max(recorded_at) FROM audit_record);
    ANALYZE audit_record; ANALYZE audit_interval`);
  explainer = new Explainer(parts());
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

interface Node {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Node[];
}

/** How many rows of tables a statement looks at. */
async function rowsLookedAt(sql: string, parameters: unknown[]): Promise<number> {
  const [row] = await dataSource.query<{ 'QUERY PLAN': { Plan: Node }[] }[]>(
    `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${sql}`,
    parameters,
  );
  const inNode = (node: Node): number => {
    const removed = node['Rows Removed by Filter'] ?? 0;
    const own = /Scan/.test(node['Node Type']) ? (node['Actual Rows'] + removed) * node['Actual Loops'] : 0;
    return own + (node.Plans ?? []).reduce((sum, plan) => sum + inNode(plan), 0);
  };
  return row?.['QUERY PLAN'][0] ? inNode(row['QUERY PLAN'][0].Plan) : Infinity;
}

const policyTypes = ['p', 'g2'];

describe.each([
  ['the present', presentRules],
  ['the past', pastRules(String(assignments + 100))],
])('what is read of %s', (_name, relation) => {
  it('is the policies, without looking at assignments', async () => {
    expect(await rowsLookedAt(relation.others, [policyTypes])).toBeLessThanOrEqual(2 * policies);
  });

  it.each([true, false])('of assignments is what the subject has, globs or not (%s)', async (globs) => {
    expect(await rowsLookedAt(relation.upwards, [['user^7'], ['lib^37'], globs])).toBeLessThanOrEqual(20);
  });

  it('of the scopes in which somebody has a role is what they have', async () => {
    const sql = `SELECT held.* FROM unnest($2::text[]) AS wanted (role) CROSS JOIN LATERAL (${relation.held}) AS held`;
    expect(await rowsLookedAt(sql, ['user^7', ['role^37', 'role^1']])).toBeLessThanOrEqual(30);
  });
});

describe('an explanation', () => {
  it.each([undefined, '2020-01-20'])(
    'knows the answer, also of somebody who has a role in thousands of scopes (%s)',
    async (asOf) => {
      const asked = { subject: 'service^all', action: 'act^1', asOf };
      const answer = await explainer.explain({ ...asked, scope: 'lib^777' });
      expect(answer).toMatchObject({ allowed: true, chain: [{ rule: ['service^all', 'role^1', 'lib^777'] }] });
      const denied = await explainer.explain({ ...asked, scope: 'lib^none' });
      expect(denied.nearest?.rules[0]?.missing[0]?.heldIn).toHaveLength(10);
    },
  );

  it('is refused where all assignments count and there are too many of them', async () => {
    const enforcer = await newEnforcer(scopedModel());
    const links = new RoleLinks();
    links.matchBy({ names: Util.keyMatchFunc });
    enforcer.setNamedRoleManager('g', links);
    const all = new Explainer({ ...parts(), live: enforcer });
    await dataSource.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2)
      SELECT 'g', 'more^' || n, 'role^1', '*' FROM generate_series(1, 100000) AS n`);
    const answer = all.explain({ subject: 'user^7', action: 'act^1', scope: 'lib^1' });
    await expect(answer).rejects.toThrow(/more than 100000 assignments/);
  });
});
