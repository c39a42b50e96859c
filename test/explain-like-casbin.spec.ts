import { Enforcer } from 'casbin';
import fc from 'fast-check';
import { Explainer, KeySyntax } from 'grantlog';
import type { DataSource } from 'typeorm';
import type { Row } from './support/casbin-twin';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { type ExplainedModel, explainedModels } from './support/explained-models';
import { type Asked, decidedBy, flawsOf, shown } from './support/proofs';

let database: TestDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  database = await createDatabase();
  dataSource = await connect(database.url);
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

const ann = 'user^"An\'n"';
const subjects = [ann, ann, ann, 'user^root'];
const roles = ['role^a', 'role^b', 'role^c'];
const here = 'lib^lib:X:1';
const everywhere = ['*', '*', 'lib^lib:X:*', here];
const scopes = [here, here, 'lib^lib:X:*', '*', 'lib^lib:Y:1'];
const actions = ['act^read', 'act^read', 'act^manage'];

const one = fc.constantFrom;

function rowsOf({ rest, hasScopes, hasActions }: ExplainedModel): fc.Arbitrary<Row[]> {
  const p = fc
    .tuple(one(ann, ...roles, ...roles), one(...actions), one(...everywhere), one(...rest))
    .map(([subject, action, scope, more]): Row => ['p', subject, action, scope, ...more]);
  const g = fc
    .tuple(one(...subjects, ...roles, ...roles), one(...roles), one(...scopes))
    .map(([subject, role, scope]): Row => ['g', subject, role, ...(hasScopes ? [scope] : [])]);
  const g2 = fc.tuple(one(...actions), one(...actions)).map(([action, implied]): Row => ['g2', action, implied]);
  const kinds = hasActions ? [p, g, g, g, g2] : [p, g, g, g];
  return fc.uniqueArray(fc.oneof(...kinds), { minLength: 6, maxLength: 18, selector: (row) => JSON.stringify(row) });
}

/** A role by way of another one, and what that one may: with an explanation of two links, whatever is drawn besides. */
function inTwoLinks({ rest, hasScopes }: ExplainedModel): [Row[], Asked[]] {
  const g = (subject: string, role: string): Row => ['g', subject, role, ...(hasScopes ? [here] : [])];
  const each = new Map(rest.map((more) => [JSON.stringify(more), more])); // some stand there twice, to be drawn more often
  const p = [...each.values()].map((more): Row => ['p', 'role^b', 'act^read', here, ...more]);
  return [[g(ann, 'role^a'), g('role^a', 'role^b'), ...p], [[ann, 'act^read', here]]];
}

const askedOf = fc.tuple(one(...subjects, 'user^nobody'), one(...actions), one(here, ...scopes));

async function write(rows: readonly Row[]): Promise<void> {
  await dataSource.query('TRUNCATE casbin_rule');
  for (const [ptype, ...values] of rows) {
    const columns = values.map((_, at) => `v${at}`);
    await dataSource.query(
      `INSERT INTO casbin_rule (ptype, ${columns.join(', ')}) VALUES ($1, ${columns.map((_, at) => `$${at + 2}`).join(', ')})`,
      [ptype, ...values],
    );
  }
}

/** Casbin's own sort goes round in circles where roles do. */
const isCircular = (rows: readonly Row[]): boolean => {
  const above = (name: string | undefined, seen: readonly (string | undefined)[]): boolean =>
    seen.includes(name) ||
    rows.some(([ptype, subject, role]) => ptype === 'g' && subject === name && above(role, [...seen, name]));
  return rows.some(([ptype, subject]) => ptype === 'g' && above(subject, []));
};

describe.each(explainedModels)('explanations under $name', (kind) => {
  const { name, model, scopeMatching } = kind;
  const explain = ([subject, action, scope]: Asked): ReturnType<Explainer['explain']> =>
    new Explainer({
      dataSource,
      model: model(),
      scopeMatching,
      enforcerClass: Enforcer,
      keys: new KeySyntax(),
    }).explain({ subject, action, scope });

  let chains = 0;

  it('answer as plain Casbin does, by the same rule, and their chain is a proof', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf(kind), fc.array(askedOf, { minLength: 1, maxLength: 4 }), async (rows, requests) => {
        fc.pre(!name.includes('hierarchy') || !isCircular(rows));
        await write(rows);
        for (const asked of requests) {
          const explanation = await explain(asked);
          const [allowed, values] = await decidedBy(kind, rows, asked);
          if (explanation.chain.length > 1) chains += 1;
          const rule = explanation.rule && shown(explanation.rule).values;
          expect({ asked, allowed: explanation.allowed, rule }).toEqual({
            asked,
            allowed,
            rule: values.length > 0 ? values : null,
          });
          expect({ asked, flaws: await flawsOf(kind, rows, asked, explanation) }).toEqual({ asked, flaws: [] });
        }
      }),
      { numRuns: 60, examples: [inTwoLinks(kind)] },
    );
    expect(chains).toBeGreaterThan(0);
  });
});
