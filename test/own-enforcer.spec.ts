import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import {
  type Adapter,
  Enforcer,
  FileAdapter,
  newEnforcer,
  newEnforcerWithClass,
  StringAdapter,
  type Watcher,
} from 'casbin';
import { AUTHZ_ENFORCER, GrantlogModule, UnauditedCallError } from 'grantlog';
import { MemorySweep } from '../libs/grantlog/src/memory/memory-sweep';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { connect } from './support/database';
import { factOf, mayRead, operationsOf, reader, readerRule, rulesIn } from './support/facts';
import { scopedModel } from './support/models';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

const policy = ['p, role^reader, act^read, *', 'g, user^ann, role^reader, *', 'g, user^bob, role^reader, lib^1'];

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(() => cluster.end());

const startWith = (enforcer: Enforcer, grantlog: object = {}): Promise<TestApp> =>
  cluster.start({ grantlog: { model: undefined, enforcer, ...grantlog } });
const withAdapter = (adapter: Adapter): Promise<Enforcer> => newEnforcer(scopedModel(), adapter);
const withPolicy = (...lines: string[]): Promise<Enforcer> => withAdapter(new StringAdapter(lines.join('\n')));

describe('the rules of an enforcer that the host has built', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grantlog-policy-'));
    file = join(folder, 'policy.csv');
    await writeFile(file, policy.join('\n'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('go on to hold, and are recorded once as changes of system^import that name the file', async () => {
    const app = await startWith(await withAdapter(new FileAdapter(file)));
    expect(await Promise.all([mayRead(app, 'ann'), mayRead(app, 'bob', 'lib^1'), mayRead(app, 'bob')])).toEqual([
      true,
      true,
      false,
    ]);
    const records = await app.records();
    expect(records.map(factOf)).toEqual([
      ['policy.created', 'p', 'role^reader', 'act^read', '*'],
      ['role_assignment.created', 'g', ...readerRule('ann')],
      ['role_assignment.created', 'g', ...readerRule('bob', 'lib^1')],
    ]);
    for (const { actor, reason, operationId } of records) {
      expect([actor, reason]).toEqual(['system^import', "import of the enforcer's rules: FileAdapter policy.csv"]);
      expect(operationId).toBe(records[0]?.operationId);
    }
  });

  it('do not come back once they are revoked; of a changed file, only what is new to it comes', async () => {
    const first = await startWith(await withAdapter(new FileAdapter(file)));
    await first.assignments.remove(reader('ann'));
    await cluster.close(first);
    const second = await startWith(await withAdapter(new FileAdapter(file)));
    expect(await mayRead(second, 'ann')).toBe(false);
    await cluster.close(second);
    const moved = join(folder, 'moved.csv');
    await writeFile(moved, [...policy, 'g, user^cid, role^reader, *'].join('\n'));
    const third = await startWith(await withAdapter(new FileAdapter(moved)));
    expect([await mayRead(third, 'ann'), await mayRead(third, 'cid')]).toEqual([false, true]);
    expect(await operationsOf(third, 'ann')).toEqual(['created', 'deleted']);
    expect(await operationsOf(third, 'cid')).toEqual(['created']);
    expect(await third.records()).toHaveLength(5);
  });

  it('are imported once if two nodes start at once, and both show them', async () => {
    await cluster.close(await cluster.start()); // which makes the tables
    const own = [await withAdapter(new FileAdapter(file)), await withAdapter(new FileAdapter(file))];
    const nodes = await Promise.all(own.map((enforcer) => startWith(enforcer)));
    for (const node of nodes) expect(await mayRead(node, 'ann')).toBe(true);
    expect(await nodes[0]?.records()).toHaveLength(3);
  });

  it('are those in its memory, if it has no adapter', async () => {
    const own = await newEnforcer(scopedModel());
    await own.addPolicy('role^reader', 'act^read', '*');
    await own.addGroupingPolicy(...readerRule('ann'));
    const app = await startWith(own);
    expect(await mayRead(app, 'ann')).toBe(true);
    expect((await app.records())[0]?.reason).toBe("import of the enforcer's rules: memory");
  });

  it('keep the module from starting if one does not fit the model, and leave the enforcer as it was', async () => {
    const own = await withPolicy(...policy);
    own.getModel().addPolicy('g', 'g', ['user^eve', 'role^reader']);
    await expect(startWith(own)).rejects.toThrow(
      /^enforcer: holds a rule that cannot be imported from StringAdapter: rules\[3\]: "g" takes 3 values/,
    );
    const app = await cluster.start();
    expect(await rulesIn(app.dataSource)).toEqual([]);
    expect(await own.addGroupingPolicy(...readerRule('cid'))).toBe(true);
    expect([await own.enforce('user^cid', 'act^read', '*'), await rulesIn(app.dataSource)]).toEqual([true, []]);
  });
});

describe('a module that could not start', () => {
  it('leaves nothing running behind', async () => {
    await cluster.close(await cluster.start()); // which makes the tables
    const dataSource = await connect(cluster.database.url, 2);
    const stranger = await Stranger.connect(cluster.database.url);
    const stopped = jest.spyOn(MemorySweep.prototype, 'stop');
    try {
      const own = await withPolicy('g, user^ann, role^reader,');
      const grantlog = GrantlogModule.forRoot({ enforcer: own, dataSource });
      await expect(Test.createTestingModule({ imports: [grantlog] }).compile()).rejects.toThrow(
        /rules\[0\]\[2\]: must not/,
      );
      expect(stopped).toHaveBeenCalledTimes(1);
      await dataSource.destroy();
      await stranger.waitUntilAlone();
    } finally {
      stopped.mockRestore();
      await stranger.end();
    }
  });
});

/** What a host adds to Casbin's. */
class Clinic extends Enforcer {
  readonly admitted: string[] = [];

  async admit(name: string): Promise<boolean> {
    this.admitted.push(name);
    return this.addGroupingPolicy(...readerRule(name));
  }
}

describe('whoever still holds that enforcer', () => {
  it('changes rules with a record, and is answered by the committed ones', async () => {
    const own = await withPolicy(...policy);
    const app = await startWith(own);
    const other = await startWith(await withPolicy(...policy));
    expect(app.nest.get(AUTHZ_ENFORCER)).not.toBe(own);
    expect(await own.addRoleForUser('user^cid', 'role^reader', '*')).toBe(true);
    expect(await own.deleteRoleForUser('user^bob', 'role^reader', 'lib^1')).toBe(true);
    expect(await operationsOf(app, 'cid')).toEqual(['created']);
    expect(await operationsOf(app, 'bob')).toEqual(['created', 'deleted']);
    await other.assignments.remove(reader('ann'));
    await untilSo(async () => !(await own.enforce('user^ann', 'act^read', '*')));
    expect(own.enforceSync('user^ann', 'act^read', '*')).toBe(false);
    expect(await own.getGroupingPolicy()).toEqual([readerRule('cid')]);
  });

  it('is refused what cannot be audited', async () => {
    const own = await withPolicy(...policy);
    const app = await startWith(own);
    await expect(own.selfAddPolicy('g', 'g', readerRule('eve'))).rejects.toThrow(UnauditedCallError);
    expect(() => own.clearPolicy()).toThrow(UnauditedCallError);
    expect(() => own.setAdapter(new StringAdapter(''))).toThrow(UnauditedCallError);
    expect(await app.enforcer.getGroupingPolicy()).toHaveLength(2);
  });

  it('has the methods of its own class, and what they call is recorded', async () => {
    const own = await newEnforcerWithClass<Clinic>(Clinic, scopedModel(), new StringAdapter(policy.join('\n')));
    const app = await startWith(own);
    expect(await own.admit('dan')).toBe(true);
    expect(app.enforcer).toBeInstanceOf(Clinic);
    expect(await (app.enforcer as unknown as Clinic).admit('eve')).toBe(true);
    expect([own.admitted, (app.enforcer as unknown as Clinic).admitted]).toEqual([
      ['dan', 'eve'],
      ['dan', 'eve'],
    ]);
    expect([await operationsOf(app, 'dan'), await operationsOf(app, 'eve')]).toEqual([['created'], ['created']]);
  });

  it('is led to the last module that took it over', async () => {
    const own = await withPolicy(...policy);
    const first = await startWith(own);
    await cluster.close(first);
    const second = await startWith(own);
    await own.addGroupingPolicy(...readerRule('cid'));
    expect(await mayRead(second, 'cid')).toBe(true);
    expect(await operationsOf(second, 'ann')).toEqual(['created']);
  });
});

describe('its watcher', () => {
  it('hears of changes, and what it hears is looked for in the table', async () => {
    let callback: (() => unknown) | undefined;
    const update = jest.fn(() => Promise.resolve(true));
    const watcher: Watcher = { update, setUpdateCallback: (given) => void (callback = given) };
    const own = await withPolicy(...policy);
    own.setWatcher(watcher);
    const withoutGrantlog = callback;
    const app = await startWith(own, { notifications: false });
    expect(callback).not.toBe(withoutGrantlog);
    const heard = update.mock.calls.length;
    await app.assignments.assign(reader(1));
    await untilSo(() => update.mock.calls.length > heard);
    const other = await cluster.start({ grantlog: { notifications: false } });
    await other.assignments.assign(reader(2));
    await callback?.();
    expect(await mayRead(app, 2)).toBe(true);
  });
});
