import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Enforcer, newEnforcer, newModelFromString, Util } from 'casbin';
import fc from 'fast-check';
import type { TestApp } from './support/app';
import { PlainTwin, type Row } from './support/casbin-twin';
import { Cluster } from './support/cluster';
import { atRest } from './support/facts';

// What openedx-authz has: roles in scopes that may be globs, groups of actions, and rules that deny. This file has it too.
const sample = join(__dirname, '../apps/demo/sample');
const modelPath = join(sample, 'model.conf');
const model = readFileSync(modelPath, 'utf8');

let cluster: Cluster;
let app: TestApp;
let other: TestApp;
beforeAll(async () => {
  cluster = await Cluster.create();
  const grantlog = { model: modelPath, scopeMatching: 'glob' as const };
  app = await cluster.start({ grantlog });
  other = await cluster.start({ grantlog });
});
afterAll(() => cluster.end());
beforeEach(() => removeAll(app.enforcer));

async function removeAll(enforcer: Enforcer): Promise<void> {
  await enforcer.removePolicies(await enforcer.getPolicy());
  await enforcer.removeGroupingPolicies(await enforcer.getGroupingPolicy());
  await enforcer.removeNamedGroupingPolicies('g2', await enforcer.getNamedGroupingPolicy('g2'));
}

const one = fc.constantFrom;
const people = ['user^ada', 'user^bob'];
const roles = ['role^admin', 'role^author', 'role^reader'];
const actions = ['act^manage', 'act^edit', 'act^view'];
/** Of one thing, of all of an organisation, of all of a kind, of everything. */
const granted = ['lib^lib:Org1:math', 'lib^lib:Org1:*', 'lib^lib:Org2:*', 'lib^*', 'course-v1^*', '*'];
/** What is asked for: also things that no rule names, a glob itself, and everywhere. */
const places = [
  'lib^lib:Org1:math',
  'lib^lib:Org1:art',
  'lib^lib:Org2:math',
  'lib^lib:Org10:math',
  'course-v1^course-v1:Org1+C+R',
  'lib^lib:Org1:*',
  '*',
];

const rule: fc.Arbitrary<Row> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant('p'),
      one(...roles),
      one(...actions),
      one(...granted),
      one('allow', 'allow', 'deny'),
    ),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('g'), one(...people), one(...roles), one(...granted)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('g'), one(...roles), one(...roles), one(...granted)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('g2'), one(...actions), one(...actions)) },
);

const key = (row: Row): string => JSON.stringify(row);

/** Adds the rule if it is not there, removes it if it is; role assignments by the service, the others by Casbin's API. */
async function toggle([ptype, ...values]: Row, isThere: boolean): Promise<boolean> {
  const { enforcer, assignments } = app;
  const [subject = '', role = '', scope = ''] = values;
  if (ptype === 'g') return (await assignments[isThere ? 'remove' : 'assign']({ subject, role, scope })).changed;
  if (ptype === 'p') return isThere ? enforcer.removePolicy(...values) : enforcer.addPolicy(...values);
  return isThere
    ? enforcer.removeNamedGroupingPolicy(ptype, ...values)
    : enforcer.addNamedGroupingPolicy(ptype, ...values);
}

const questions = [...people, ...roles].flatMap((name) =>
  actions.flatMap((action) => places.map((place) => [name, action, place])),
);

/** The requests that are allowed. Asked in one go, because that is quicker; that enforce() agrees is shown below and elsewhere. */
function decisions(enforcer: Enforcer): string[] {
  return questions.filter((request) => enforcer.enforceSync(...request)).map((request) => request.join(' '));
}

/** A plain Casbin enforcer that has just been built of these rules. */
async function plainOf(rules: ReadonlyMap<string, Row>): Promise<Enforcer> {
  return (await PlainTwin.create(newModelFromString(model), 'glob', [...rules.values()])).enforcer;
}

describe('decisions in a model like that of openedx-authz are those of plain Casbin', () => {
  it('after every rule that is added or removed, on a node that follows rule by rule', async () => {
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(fc.noBias(fc.array(rule, { minLength: 1, maxLength: 40, size: 'max' })), async (edits) => {
        await removeAll(app.enforcer);
        const rules = new Map<string, Row>();
        for (const edit of edits) {
          const isThere = rules.has(key(edit));
          expect({ edit, changed: await toggle(edit, isThere) }).toEqual({ edit, changed: true });
          if (isThere) rules.delete(key(edit));
          else rules.set(key(edit), edit);
          const plain = decisions(await plainOf(rules));
          expect({ edit, allowed: decisions(app.enforcer) }).toEqual({ edit, allowed: plain });
          allowed += plain.length;
        }
      }),
      { numRuns: 10 },
    );
    expect(allowed).toBeGreaterThan(0); // two enforcers that deny everything would agree too
  });

  it('after sets of rules that were added at once, on the node that did it, on another, and after a reload', async () => {
    const sets = fc.noBias(fc.uniqueArray(rule, { selector: key, minLength: 10, maxLength: 40, size: 'max' }));
    await fc.assert(
      fc.asyncProperty(sets, async (set) => {
        await removeAll(app.enforcer);
        const of = (wanted: string): string[][] =>
          set.filter(([ptype]) => ptype === wanted).map(([, ...values]) => values);
        await app.enforcer.addPolicies(of('p'));
        await app.enforcer.addGroupingPolicies(of('g'));
        await app.enforcer.addNamedGroupingPolicies('g2', of('g2'));
        const plain = decisions(await plainOf(new Map(set.map((row) => [key(row), row]))));
        expect(decisions(app.enforcer)).toEqual(plain);
        await atRest(app, other); // its marker is the role of nobody who is asked about
        expect(decisions(other.enforcer)).toEqual(plain);
        await other.enforcer.loadPolicy();
        expect(decisions(other.enforcer)).toEqual(plain);
      }),
      { numRuns: 12 },
    );
  });

  it.each<[string, Row[], string[], boolean]>([
    ['a role in a glob holds in what matches', [], ['user^ada', 'act^manage', 'lib^lib:Org1:math'], true],
    ['and nowhere else', [], ['user^ada', 'act^manage', 'lib^lib:Org2:math'], false],
    [
      'a glob with its colon does not take a longer name in',
      [],
      ['user^ada', 'act^manage', 'lib^lib:Org10:math'],
      false,
    ],
    ['a role in * holds everywhere', [['g', 'user^bob', 'role^admin', '*']], ['user^bob', 'act^manage', 'lib^x'], true],
    ['an action implies another', [], ['user^ada', 'act^edit', 'lib^lib:Org1:math'], true],
    ['and what that one implies, over two levels', [], ['user^ada', 'act^view', 'lib^lib:Org1:math'], true],
    [
      'but not the one that implies it',
      [['p', 'role^reader', 'act^view', 'lib^*', 'allow']],
      ['user^bob', 'act^edit', 'lib^x'],
      false,
    ],
    [
      'a rule that denies wins over one that allows',
      [['p', 'role^admin', 'act^manage', 'lib^lib:Org1:math', 'deny']],
      ['user^ada', 'act^manage', 'lib^lib:Org1:math'],
      false,
    ],
    [
      'and reaches what its action implies',
      [['p', 'role^admin', 'act^edit', 'lib^lib:Org1:math', 'deny']],
      ['user^ada', 'act^view', 'lib^lib:Org1:math'],
      false,
    ],
    [
      'but not the actions above it',
      [['p', 'role^admin', 'act^edit', 'lib^lib:Org1:math', 'deny']],
      ['user^ada', 'act^manage', 'lib^lib:Org1:math'],
      true,
    ],
    [
      'nor other scopes',
      [['p', 'role^admin', 'act^manage', 'lib^lib:Org1:math', 'deny']],
      ['user^ada', 'act^manage', 'lib^lib:Org1:art'],
      true,
    ],
  ])('%s', async (_, more, request, allowed) => {
    const rows: Row[] = [
      ['p', 'role^admin', 'act^manage', 'lib^*', 'allow'],
      ['g', 'user^ada', 'role^admin', 'lib^lib:Org1:*'],
      ['g', 'user^bob', 'role^reader', 'lib^*'],
      ['g2', 'act^manage', 'act^edit'],
      ['g2', 'act^edit', 'act^view'],
      ...more,
    ];
    for (const row of rows) await toggle(row, false);
    expect(await app.enforcer.enforce(...request)).toBe(allowed);
    expect(await (await plainOf(new Map(rows.map((row) => [key(row), row])))).enforce(...request)).toBe(allowed);
  });
});

it("the demo's policy grants what it grants in plain Casbin, to everybody", async () => {
  const plain = await newEnforcer(modelPath, join(sample, 'policy.csv'));
  await plain.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
  await plain.buildRoleLinks();
  await app.enforcer.addPolicies(await plain.getPolicy());
  await app.enforcer.addGroupingPolicies(await plain.getGroupingPolicy());
  await app.enforcer.addNamedGroupingPolicies('g2', await plain.getNamedGroupingPolicy('g2'));
  const assignments = await plain.getGroupingPolicy();
  const subjects = [...new Set(assignments.map(([subject]) => subject))];
  const known = [...new Set([...(await plain.getAllNamedRoles('g2')), ...(await plain.getAllObjects())])];
  const asked = known.filter((_, at) => at % 3 === 0); // all of them take long
  const where = ['lib^lib:Axim:calculus', 'lib^lib:Axim:archive-2019', 'course-v1^course-v1:MITx+6.00x+2026_T1', '*'];
  const requests = subjects.flatMap((subject) => asked.flatMap((act) => where.map((scope) => [subject, act, scope])));
  const allowed = requests.filter((request) => plain.enforceSync(...request));
  expect(requests.filter((request) => app.enforcer.enforceSync(...request))).toEqual(allowed);
  expect(allowed.length).toBeGreaterThan(50);
});
