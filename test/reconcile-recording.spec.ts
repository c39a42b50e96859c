import { type AuditRecord, grantsFor, reconcile } from 'grantlog';
import { OnEvent } from '@nestjs/event-emitter';
import { startApp, type TestApp } from './support/app';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { atRest, letReadersRead, mayRead, operationsOf, reader } from './support/facts';
import { scopedModel } from './support/models';
import { Roles } from './support/roles';
import { Stranger } from './support/stranger';
import { until, untilSo } from './support/until';

class Ears {
  readonly heard: AuditRecord[] = [];

  @OnEvent('role_assignment.*')
  hear(record: AuditRecord): void {
    this.heard.push(record);
  }
}

describe('reconciling and recording', () => {
  let database: TestDatabase;
  let app: TestApp;
  let stranger: Stranger;

  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url, providers: [Ears] });
    stranger = await Stranger.connect(database.url);
    await letReadersRead(app);
    await app.assignments.assign([reader('ann'), reader('bob', 'lib^a')]);
    await app.relay.drained();
  });
  afterEach(async () => {
    await stranger.end();
    await app.close();
    await database.drop();
  });

  const insert = (name: string): Promise<unknown> =>
    stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', $1, 'role^reader', '*')`, [
      `user^${name}`,
    ]);
  const deleteRule = (name: string): Promise<unknown> =>
    stranger.query('DELETE FROM casbin_rule WHERE v0 = $1', [`user^${name}`]);
  const rules = (): Promise<unknown[]> => stranger.query('SELECT * FROM casbin_rule ORDER BY id');

  it('writes what is missing as system^reconcile; then there is nothing more to find', async () => {
    await insert('eve');
    await deleteRule('bob');
    const before = await rules();
    const report = await reconcile(app.dataSource, { record: true, reason: 'INC-7, see the ticket' });
    expect(report).toMatchObject({ differs: true, totals: { inserted: 1, deleted: 1 }, recorded: 2, locked: 0 });
    expect(await rules()).toEqual(before);
    const [deleted, created] = (await app.records()).slice(-2).sort((one, two) => two.type.localeCompare(one.type));
    expect(deleted).toMatchObject({
      type: 'role_assignment.deleted',
      operation: 'deleted',
      outcome: 'success',
      actor: 'system^reconcile',
      subject: 'user^bob',
      role: 'role^reader',
      scope: 'lib^a',
      reason: 'deleted from casbin_rule past Grantlog: INC-7, see the ticket',
      details: { ptype: 'g', rule: ['user^bob', 'role^reader', 'lib^a'] },
    });
    expect(created).toMatchObject({
      type: 'role_assignment.created',
      subject: 'user^eve',
      scope: '*',
      reason: 'inserted into casbin_rule past Grantlog: INC-7, see the ticket',
      operationId: deleted?.operationId,
    });
    expect(await reconcile(app.dataSource, { record: true })).toMatchObject({ differs: false, recorded: 0 });
  });

  it('reaches the memory of every node, and listeners', async () => {
    const two = await startApp({ url: database.url, grantlog: { listeners: false } });
    await insert('eve');
    await deleteRule('ann');
    expect([await mayRead(app, 'eve'), await mayRead(app, 'ann')]).toEqual([false, true]);
    await reconcile(app.dataSource, { record: true });
    for (const node of [app, two]) {
      await untilSo(async () => (await mayRead(node, 'eve')) && !(await mayRead(node, 'ann')));
    }
    const { heard } = app.nest.get(Ears);
    await until(
      () => heard.filter(({ actor }) => actor === 'system^reconcile').map(({ type, subject }) => `${type} ${subject}`),
      (told) => told.includes('role_assignment.created user^eve') && told.includes('role_assignment.deleted user^ann'),
    );
    await two.close();
  });

  it('records by itself when no app is running, what one had left behind included', async () => {
    await app.close();
    const alone = await connect(database.url, 1);
    await insert('eve');
    await insert('left-behind');
    await alone.query(
      `INSERT INTO audit_outbox (type, operation, outcome, subject, role, scope, operation_id, details)
       VALUES ('role_assignment.created', 'created', 'success', 'user^left-behind', 'role^reader', '*', gen_random_uuid(),
         '{"ptype": "g", "rule": ["user^left-behind", "role^reader", "*"]}')`,
    );
    expect(await reconcile(alone, { record: true })).toMatchObject({ recorded: 1 });
    expect(await alone.query('SELECT * FROM audit_outbox')).toEqual([]);
    const told = await alone.query(`SELECT subject, actor FROM audit_record WHERE seq > 3 ORDER BY seq`);
    expect(told).toEqual([
      { subject: 'user^left-behind', actor: null },
      { subject: 'user^eve', actor: 'system^reconcile' },
    ]);
    await alone.destroy();
    app = await startApp({ url: database.url });
  });

  it('gives policies their scope as the model has it, and a deleted rule what the record of its creation says', async () => {
    await app.enforcer.addPolicy('role^writer', 'act^write', 'lib^w');
    await stranger.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('p', 'role^odd', 'act^read', 'lib^odd'), ('g2', 'act^a', 'act^b', NULL)`,
    );
    await stranger.query(`DELETE FROM casbin_rule WHERE v0 = 'role^writer'`);
    await app.relay.drained();
    await reconcile(app.dataSource, { record: true });
    await stranger.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('p', 'role^even', 'act^read', 'lib^even')`,
    );
    await reconcile(app.dataSource, { record: true, model: scopedModel() });
    const told = await stranger.query(
      `SELECT type, subject, role, scope, scope_namespace FROM audit_record WHERE actor = 'system^reconcile' ORDER BY subject`,
    );
    const [nothing, library] = [
      { role: null, scope: null, scope_namespace: null },
      (scope: string) => ({ role: null, scope, scope_namespace: 'lib' }),
    ];
    expect(told).toEqual([
      { type: 'grouping.created', subject: 'act^a', ...nothing },
      { type: 'policy.created', subject: 'role^even', ...library('lib^even') },
      { type: 'policy.created', subject: 'role^odd', ...nothing },
      { type: 'policy.deleted', subject: 'role^writer', ...library('lib^w') },
    ]);
  });

  it('takes the separator of the host', async () => {
    await insert('eve');
    await reconcile(app.dataSource, { record: true, separator: '::' });
    expect((await app.records()).at(-1)?.actor).toBe('system::reconcile');
  });

  it('records many in batches, each once', async () => {
    await stranger.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2)
       SELECT 'g', 'user^' || n % 3, 'role^reader', 'lib^' || n FROM generate_series(1, 12000) AS n`,
    );
    expect(await reconcile(app.dataSource, { record: true, limit: 0 })).toMatchObject({ recorded: 12_000 });
    await stranger.query(`DELETE FROM casbin_rule WHERE v2 LIKE 'lib^_%' AND id % 2 = 0`);
    const { totals, recorded } = await reconcile(app.dataSource, { record: true, limit: 0 });
    expect(recorded).toBe(totals.deleted);
    expect(recorded).toBeGreaterThan(5_900);
    expect((await reconcile(app.dataSource)).differs).toBe(false);
    await atRest(app);
    expect((await app.enforcer.getFilteredGroupingPolicy(0, 'user^1')).length).toBeLessThan(2_100);
  });

  it('leaves rows that are no rules, and goes on finding them', async () => {
    await stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1) VALUES ('g', '', 'role^reader'), (NULL, 'a', 'b')`);
    expect(await reconcile(app.dataSource, { record: true })).toMatchObject({ totals: { malformed: 2 }, recorded: 0 });
    expect((await reconcile(app.dataSource)).totals.malformed).toBe(2);
  });

  it('works with the rights of the app, whose log is append-only', async () => {
    const roles = new Roles(database);
    const role = await roles.create('reconciler');
    await roles.administer(...grantsFor(role, database.name));
    await insert('eve');
    await deleteRule('ann');
    await roles.asRole(role, async (dataSource) => {
      expect(await reconcile(dataSource, { record: true })).toMatchObject({ recorded: 2 });
    });
    expect(await operationsOf(app, 'eve')).toEqual(['created']);
    await stranger.query(`DROP OWNED BY "${role}"`);
    await roles.drop();
  });
});
