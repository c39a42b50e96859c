import {
  DefaultRoleManager,
  Enforcer,
  newEnforcer,
  newEnforcerWithClass,
  newModelFromString,
  StringAdapter,
  SyncedEnforcer,
  Util,
} from 'casbin';
import { AuditedEnforcer } from 'grantlog';
import { resolveOptions } from '../libs/grantlog/src/grantlog.options';
import { Cluster } from './support/cluster';
import { mayRead, readerRule } from './support/facts';
import { scopedModel } from './support/models';

class CustomRoles extends DefaultRoleManager {}

class Demanding extends Enforcer {
  constructor(readonly clinic: { name: string }) {
    super();
    if (!clinic.name) throw new Error('a clinic has a name');
  }
}

/** What typeorm-adapter looks like from another copy of the package. */
function adapterOn(type: string): StringAdapter {
  class TypeORMAdapter extends StringAdapter {
    readonly typeorm = { options: { type } };
  }
  return new TypeORMAdapter('g, user^ann, role^reader, *');
}

async function withRoleManager(manager: DefaultRoleManager): Promise<Enforcer> {
  const enforcer = await newEnforcer(scopedModel());
  enforcer.setRoleManager(manager);
  return enforcer;
}

describe('the option enforcer', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a promise of one', () => newEnforcer(scopedModel()), /option enforcer: must be an enforcer.*await newEnforcer/],
    ['its class', () => Enforcer, /option enforcer: must be an enforcer/],
    ['one without a model', () => new SyncedEnforcer(), /^enforcer: has no model/],
    ['an audited one', () => newEnforcerWithClass(AuditedEnforcer, scopedModel()), /^enforcer: is an audited one/],
    [
      'roles of its own',
      () => withRoleManager(new CustomRoles(10)),
      /^enforcer: has a role manager of its own for "g"/,
    ],
    [
      'roles nested deeper',
      () => withRoleManager(new DefaultRoleManager(20)),
      /^enforcer: has a role manager of its own/,
    ],
    [
      'a TypeORM of its own',
      () => newEnforcer(scopedModel(), adapterOn('postgres')),
      /^enforcer: has an adapter with a TypeORM of its own; .*npm ls typeorm/,
    ],
  ])('refuses %s', async (_what, make, complaint) => {
    const made = make();
    const enforcer = _what.startsWith('a promise') ? made : await made;
    expect(() => resolveOptions({ enforcer: enforcer as Enforcer })).toThrow(complaint);
  });

  it('comes instead of a model and a class, and one of the two is needed', async () => {
    const enforcer = await newEnforcer(scopedModel());
    expect(() => resolveOptions({ enforcer, model: 'model.conf' })).toThrow(
      /option model: comes with the option enforcer/,
    );
    expect(() => resolveOptions({ enforcer, enforcerClass: Enforcer })).toThrow(/option enforcerClass: comes with/);
    expect(() => resolveOptions({})).toThrow(/option model: is missing; .* option enforcer/);
    expect(resolveOptions({ enforcer })).toMatchObject({ model: enforcer.getModel(), enforcerClass: Enforcer });
  });
});

describe('a module with an enforcer of the host', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(() => cluster.end());

  const startWith = (enforcer: Enforcer, grantlog: object = {}): ReturnType<Cluster['start']> =>
    cluster.start({ grantlog: { model: undefined, enforcer, ...grantlog } });

  it('refuses a model without roles', async () => {
    const model = newModelFromString(`
[request_definition]
r = sub, act
[policy_definition]
p = sub, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.act == p.act`);
    await expect(startWith(await newEnforcer(model))).rejects.toThrow(/^model: must define roles/);
  });

  it('imports what typeorm-adapter keeps in a database of another kind', async () => {
    const app = await startWith(await newEnforcer(scopedModel(), adapterOn('mysql')));
    expect(await app.enforcer.getGroupingPolicy()).toEqual([readerRule('ann')]);
    expect((await app.records())[0]?.reason).toBe("import of the enforcer's rules: TypeORMAdapter");
  });

  it('refuses a class that takes more than nothing to construct', async () => {
    const enforcer = new Demanding({ name: 'North' });
    await enforcer.initWithModelAndAdapter(scopedModel());
    await expect(startWith(enforcer)).rejects.toThrow(
      /^enforcerClass: Demanding cannot be constructed without arguments/,
    );
  });

  it('refuses two ways to match scopes, and takes the same one twice', async () => {
    const build = async (match: (scope: string, pattern: string) => boolean): Promise<Enforcer> => {
      const enforcer = await newEnforcer(scopedModel());
      await enforcer.addNamedDomainMatchingFunc('g', match);
      return enforcer;
    };
    const regex = await build(Util.regexMatchFunc);
    await expect(startWith(regex, { scopeMatching: 'glob' })).rejects.toThrow(/^scopeMatching: is "glob", while/);
    const app = await startWith(await build(Util.keyMatchFunc), { scopeMatching: 'glob' });
    await app.enforcer.addPolicy('role^reader', 'act^read', '*');
    await app.enforcer.addGroupingPolicy(...readerRule('ann', 'lib^*'));
    expect(await mayRead(app, 'ann', 'lib^1')).toBe(true);
  });
});
