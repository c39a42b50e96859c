import { Enforcer, type Model, newEnforcer, newModelFromString, StringAdapter } from 'casbin';
import { grantlogMigrations, PolicyImport } from 'grantlog';
import { DeleteDateColumn, Entity } from 'typeorm';
import TypeORMAdapter, { CasbinRule, type TypeORMAdapterOptions } from 'typeorm-adapter';
import { resolveOptions } from '../libs/grantlog/src/grantlog.options';
import { policyEnforcer } from '../libs/grantlog/src/nest-authz/policy-enforcer';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { mayRead, operationsOf, reader, readerRule, rulesIn } from './support/facts';
import { scopedModel } from './support/models';

/** Rows that are marked as deleted, and hold no more. */
@Entity({ name: 'casbin_rule' })
class SoftRule extends CasbinRule {
  @DeleteDateColumn({ name: 'deleted_at' })
  deletedAt?: Date;
}

/** Its constructor is private to TypeScript, which hosts in JavaScript do not see. */
const Subclassable = TypeORMAdapter as unknown as new (options: TypeORMAdapterOptions) => TypeORMAdapter;

class Expiring extends Subclassable {
  override async loadPolicy(model: Model): Promise<void> {
    await super.loadPolicy(model);
    model.removePolicy('g', 'g', readerRule('ann'));
  }
}

const policy = ['p, role^reader, act^read, *', 'g, user^ann, role^reader, *', 'g, user^bob, role^reader, lib^1'];
let cluster: Cluster;
const adapters: TypeORMAdapter[] = [];
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(adapters.splice(0).map((adapter) => adapter.close()));
  await cluster.end();
});

const startWith = (enforcer: Enforcer): Promise<TestApp> => cluster.start({ grantlog: { model: undefined, enforcer } });
const options = (more: object = {}): TypeORMAdapterOptions => ({
  type: 'postgres',
  url: cluster.database.url,
  synchronize: false,
  ...more,
});

async function adapterOn(entity?: typeof CasbinRule, more?: object): Promise<TypeORMAdapter> {
  const adapter = await TypeORMAdapter.newAdapter(options(more), entity && { customCasbinRuleEntity: entity });
  adapters.push(adapter);
  return adapter;
}

/** Lets Ann and Bob read before the host comes. */
async function fillTable(): Promise<void> {
  const app = await cluster.start();
  await app.enforcer.addPolicy('role^reader', 'act^read', '*');
  await app.enforcer.addGroupingPolicies([readerRule('ann'), readerRule('bob', 'lib^1')]);
  await cluster.close(app);
}

function refused(enforcer: Enforcer, complaint: RegExp): void {
  expect(() => resolveOptions({ enforcer })).toThrow(complaint);
}

describe('rows of the table that the enforcer does not hold', () => {
  it('are not granted by the way: a filtered policy is refused', async () => {
    await fillTable();
    const own = await newEnforcer(scopedModel());
    own.setAdapter(await adapterOn());
    await own.loadFilteredPolicy([{ ptype: 'p' }, { ptype: 'g', v0: 'user^ann' }]);
    refused(own, /^enforcer: holds a filtered policy/);
  });

  it.each<[string, () => Promise<TypeORMAdapter>]>([
    [
      'a subclass of typeorm-adapter',
      async () => {
        const adapter = new Expiring(options({ entities: [CasbinRule] }));
        await (adapter as unknown as { open(): Promise<void> }).open();
        adapters.push(adapter);
        return adapter;
      },
    ],
    [
      'a method set on the adapter',
      async () => Object.assign(await adapterOn(), { loadPolicy: () => Promise.resolve() }),
    ],
  ])('are not granted by the way: %s is refused, also where its load is left out', async (_what, make) => {
    await fillTable();
    const adapter = await make();
    const complaint = /^enforcer: has an adapter with a loadPolicy\(\) of its own/;
    refused(await newEnforcer(scopedModel(), adapter), complaint);
    await expect(policyEnforcer('model.conf', adapter)).rejects.toThrow(complaint);
  });

  it('are not granted by the way: an entity that marks rows as deleted is refused', async () => {
    const before = await adapterOn(SoftRule, { synchronize: true });
    const first = await newEnforcer(scopedModel(), before);
    await first.addPolicy('role^reader', 'act^read', '*');
    await first.addGroupingPolicy(...readerRule('ann'));
    const adapter = await adapterOn(SoftRule, { migrations: grantlogMigrations, migrationsRun: true });
    const complaint = /^enforcer: has an adapter whose entity SoftRule leaves rows out .*\(deletedAt\)/;
    refused(await newEnforcer(scopedModel(), adapter), complaint);
    await expect(policyEnforcer('model.conf', adapter)).rejects.toThrow(complaint);
  });
});

describe('rules that the enforcer holds beside its table', () => {
  async function holding(change: (own: Enforcer) => Promise<unknown>): Promise<Enforcer> {
    const own = await newEnforcer(scopedModel(), await adapterOn());
    await change(own);
    return own;
  }

  it('are refused if no table has them, the first one by name', async () => {
    await fillTable();
    const own = await holding(async (enforcer) => {
      enforcer.enableAutoSave(false);
      await enforcer.addGroupingPolicies([readerRule('cid'), readerRule('dora')]);
    });
    await expect(startWith(own)).rejects.toThrow(
      /^enforcer: holds the rule "g, user\^cid, role\^reader, \*", which casbin_rule lacks/,
    );
    expect(own.enforce).toBe(Enforcer.prototype.enforce);
    expect(await own.enforce('user^cid', 'act^read', '*')).toBe(true);
  });

  it('are no obstacle if they were removed since it was loaded, which a record tells', async () => {
    await fillTable();
    const own = await holding(() => Promise.resolve());
    const other = await cluster.start();
    await other.assignments.remove(reader('ann'));
    const app = await startWith(own);
    expect([await own.enforce('user^ann', 'act^read', '*'), await mayRead(app, 'bob', 'lib^1')]).toEqual([false, true]);
  });

  it('may be what its adapter has just written, or reads without blanks', async () => {
    await fillTable();
    const app = await cluster.start();
    await app.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('p', 'role^blank', '', ' act'), ('g', ' user^eve', 'role^reader', '*')`,
    );
    const own = await holding((enforcer) => enforcer.addGroupingPolicy(...readerRule('cid')));
    expect(await mayRead(await startWith(own), 'cid')).toBe(true);
  });
});

/** Lets the host change its enforcer when the import of its rules has just been committed. */
function whenImported(change: () => Promise<unknown>): void {
  const { import: original } = PolicyImport.prototype;
  jest.spyOn(PolicyImport.prototype, 'import').mockImplementationOnce(async function (this: PolicyImport, ...given) {
    const added = await original.apply(this, given);
    await change();
    return added;
  });
}

describe('what is changed on the enforcer while its rules are imported', () => {
  const fromText = (): Promise<Enforcer> => newEnforcer(scopedModel(), new StringAdapter(policy.join('\n')));

  it('is imported, too, if it was added', async () => {
    const own = await fromText();
    whenImported(() => own.addGroupingPolicy(...readerRule('dora')));
    const app = await startWith(own);
    expect([await own.enforce('user^dora', 'act^read', '*'), await mayRead(app, 'dora')]).toEqual([true, true]);
    expect(await operationsOf(app, 'dora')).toEqual(['created']);
    expect(await operationsOf(app, 'ann')).toEqual(['created']);
  });

  it('keeps the module from starting if it was removed, by an error that names the rule', async () => {
    const own = await fromText();
    whenImported(() => own.removeGroupingPolicy(...readerRule('ann')));
    await expect(startWith(own)).rejects.toThrow(/^enforcer: lost the rule "g, user\^ann, role\^reader, \*" while/);
    expect(await own.enforce('user^ann', 'act^read', '*')).toBe(false);
  });
});

describe('a changed source, in a model where the first rule that matches decides', () => {
  const model = (columns: string): Model =>
    newModelFromString(`
[request_definition]
r = sub, act, scope
[policy_definition]
p = ${columns}
[role_definition]
g = _, _, _
[policy_effect]
e = priority(p.eft) || deny
[matchers]
m = r.sub == p.sub && r.act == p.act`);
  const plain = 'sub, act, scope, eft';
  const start = async (columns: string, ...lines: string[]): Promise<TestApp> =>
    startWith(await newEnforcer(model(columns), new StringAdapter(lines.join('\n'))));
  const reads = (app: TestApp): Promise<boolean> => app.enforcer.enforce('user^ann', 'act^read', '*');

  it('may add rules behind those that it had, and none before them', async () => {
    const allow = 'p, user^ann, act^read, *, allow';
    const deny = 'p, user^ann, act^read, *, deny';
    const last = 'p, user^bob, act^read, *, allow';
    await cluster.close(await start(plain, allow));
    await expect(start(plain, deny, allow)).rejects.toThrow(
      /^enforcer: .*rules\[0\]: comes before rules that its source had .* Put it behind them/,
    );
    const app = await start(plain, allow, last);
    expect([await reads(app), await rulesIn(app.dataSource)]).toEqual([
      true,
      [
        ['p', 'user^ann', 'act^read', '*', 'allow'],
        ['p', 'user^bob', 'act^read', '*', 'allow'],
      ],
    ]);
  });

  it('may add rules of another priority anywhere', async () => {
    const [allow, deny] = ['p, 10, user^ann, act^read, *, allow', 'p, 9, user^ann, act^read, *, deny'];
    const columns = `priority, ${plain}`;
    const first = await start(columns, allow);
    expect(await reads(first)).toBe(true);
    await cluster.close(first);
    const second = await start(columns, deny, allow);
    expect(await reads(second)).toBe(false);
    await cluster.close(second);
    await expect(start(columns, 'p, 9, user^ann, act^read, *, allow', deny, allow)).rejects.toThrow(
      /comes before rules/,
    );
  });
});
