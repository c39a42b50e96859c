import EventEmitter2 from 'eventemitter2';
import { appendOnlyReport, type AuditRecord, grantsFor } from 'grantlog';
import { type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { until } from './support/until';
import { Roles } from './support/roles';

const assignment = (user: number) => ({ subject: `user^${user}`, role: 'role^reader', scope: 'lib^one' });

describe('the log is append-only', () => {
  let cluster: Cluster;
  let roles: Roles;
  let app: TestApp;
  beforeAll(async () => {
    cluster = await Cluster.create();
    roles = new Roles(cluster.database);
    app = await cluster.start({ grantlog: { listeners: false } }); // the lease is for the app's role
    await app.assignments.assign([1, 2, 3].map(assignment));
    await app.records();
  });
  afterAll(async () => {
    await cluster.end();
    await roles.drop();
  });

  const reportOf = (role: string) => roles.asRole(role, (dataSource) => appendOnlyReport(dataSource));

  async function appRole(): Promise<string> {
    const role = await roles.create('app');
    await roles.administer(...grantsFor(role, cluster.database.name));
    return role;
  }

  const rewrites = [
    `UPDATE audit_record SET actor = 'user^nobody'`,
    `UPDATE audit_record SET reason = 'none' WHERE seq = 0`,
    `DELETE FROM audit_record WHERE seq = 2`,
    `DELETE FROM audit_record WHERE false`,
    `TRUNCATE audit_record`,
    `TRUNCATE casbin_rule, audit_record CASCADE`,
    `INSERT INTO audit_record SELECT * FROM audit_record ON CONFLICT (seq) DO UPDATE SET reason = 'rewritten'`,
    `MERGE INTO audit_record USING audit_head ON true WHEN MATCHED THEN DELETE`,
    `WITH gone AS (DELETE FROM audit_record RETURNING *) SELECT count(*) FROM gone`,
  ];

  it.each(rewrites)('%s is refused, also for a superuser and as a replica', async (rewrite) => {
    const before = await app.records();
    await expect(app.dataSource.query(rewrite)).rejects.toThrow('audit_record is append-only');
    const replica = app.dataSource.createQueryRunner();
    await replica.query(`SET session_replication_role = replica`);
    await expect(replica.query(rewrite)).rejects.toThrow('audit_record is append-only');
    await replica.query(`RESET session_replication_role`);
    await replica.release();
    expect(await app.records()).toEqual(before);
  });

  it('a superuser is reported, with statements', async () => {
    const { state, reasons, statements } = await appendOnlyReport(app.dataSource);
    expect({ state, reasons }).toEqual({
      state: 'bypassable',
      reasons: [expect.stringMatching(/ is a superuser$/)],
    });
    expect(statements.join()).toContain('GRANT SELECT, INSERT ON audit_record');
    expect(statements).toContain('GRANT SELECT ON migrations TO "postgres_app"');
    expect((await app.health.report()).appendOnly).toEqual({ state, reasons, statements });
  });

  it.each([
    ['of the table', 'ALTER TABLE audit_record OWNER TO %', 'owns audit_record'],
    ['of the schema', 'ALTER SCHEMA public OWNER TO %', 'owns the schema'],
    ['of the database', 'ALTER DATABASE "#" OWNER TO %', 'owns the database'],
    ['of the function that refuses', 'ALTER FUNCTION audit_record_refuse() OWNER TO %', 'audit_record_refuse'],
  ])('the owner %s is reported, and a member of the owner', async (_, statement, reason) => {
    const [owner, member] = [await roles.create('owner'), await roles.create('member')];
    await roles.administer(`GRANT ${owner} TO ${member}`);
    const make = (role: string) => roles.administer(statement.replace('%', role).replace('#', cluster.database.name));
    await make(owner);
    try {
      for (const role of [owner, member]) {
        const report = await reportOf(role);
        expect(report.state).toBe('bypassable');
        expect(report.reasons.join()).toContain(reason);
        expect(report.statements.length).toBeGreaterThan(0);
      }
    } finally {
      await make(reassignedTo(statement));
    }
  });

  /** Who had it before: the schema belongs to whoever owns the database, the rest to the superuser of the test server. */
  const reassignedTo = (statement: string) => (statement.includes('SCHEMA') ? 'pg_database_owner' : 'CURRENT_USER');

  it.each([
    ['disabled', 'DISABLE TRIGGER audit_record_append_only'],
    ['enabled for origins only', 'ENABLE TRIGGER audit_record_append_only'],
    ['enabled for replicas only', 'ENABLE REPLICA TRIGGER audit_record_append_only'],
  ])('a trigger that is %s is reported, and the statement given enforces it again', async (_, change) => {
    const role = await appRole();
    expect(await reportOf(role)).toEqual({ state: 'enforced', reasons: [], statements: [] });
    await roles.administer(`ALTER TABLE audit_record ${change}`);
    const { state, reasons, statements } = await reportOf(role);
    roles.alsoDrop(`${role}_app`);
    await roles.administer(...statements);
    expect({ state, reasons }).toEqual({ state: 'bypassable', reasons: [expect.stringContaining('ENABLE ALWAYS')] });
    expect((await reportOf(role)).state).toBe('enforced');
  });

  it('a trigger that is gone is reported, and the statements given bring it back', async () => {
    const role = await appRole();
    await roles.administer('DROP TRIGGER audit_record_append_only ON audit_record');
    const { state, reasons, statements } = await reportOf(role);
    roles.alsoDrop(`${role}_app`);
    try {
      expect({ state, reasons }).toEqual({ state: 'bypassable', reasons: [expect.stringContaining('missing')] });
      await roles.administer(...statements);
      expect((await reportOf(role)).state).toBe('enforced');
    } finally {
      await roles.administer(
        `CREATE OR REPLACE TRIGGER audit_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
         FOR EACH STATEMENT EXECUTE FUNCTION audit_record_refuse()`,
        'ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_append_only',
      );
    }
  });

  it('a role of grantsFor is enforced, and the whole app works with it', async () => {
    const role = await appRole();
    const emitter = new EventEmitter2({ wildcard: true });
    const heard: AuditRecord[] = [];
    emitter.on('role_assignment.*', (record: AuditRecord) => heard.push(record));
    const node = await cluster.start({
      url: roles.urlAs(role),
      dataSource: { migrationsRun: false },
      grantlog: { listeners: { emitter, maxAttempts: 1 } },
    });
    await until(
      () => node.followers.health(),
      ([follower]) => follower !== undefined,
    );
    await node.enforcer.addPolicy('role^reader', 'act^read', '*');
    await node.assignments.assign([11, 12].map(assignment), { reason: 'as the app' });
    await node.dataSource.transaction((manager) => node.assignments.assign(assignment(13), { manager }));
    await node.assignments.remove(assignment(11));
    await node.assignments.removeAll({ subject: 'user^12' });
    await until(
      () => node.enforcer.enforce('user^13', 'act^read', 'lib^one'),
      (allowed) => allowed,
    );
    expect(await node.assignments.find({ subject: 'user^13' })).toEqual([assignment(13)]);
    const records = (await node.records()).slice(3);
    expect(records.map(({ type, subject }) => `${type} ${subject}`)).toEqual([
      'policy.created role^reader',
      'role_assignment.created user^11',
      'role_assignment.created user^12',
      'role_assignment.created user^13',
      'role_assignment.deleted user^11',
      'role_assignment.deleted user^12',
    ]);
    const { items } = await node.trail.find({ from: records[0]?.recordedAt, to: '9999-01-01', subject: 'user^12' });
    expect(items.map(({ id }) => id)).toEqual([records[5]?.id, records[2]?.id]);
    await until(
      () => heard.length,
      (count) => count === records.length - 1,
    );
    const report = await node.health.report();
    expect(report).toMatchObject({
      status: 'green',
      outbox: { depth: 0 },
      parked: 0,
      appendOnly: { state: 'enforced', reasons: [], statements: [] },
    });
    for (const rewrite of [...rewrites, 'DROP TABLE audit_record', 'ALTER TABLE audit_record DISABLE TRIGGER ALL']) {
      await expect(node.dataSource.query(rewrite)).rejects.toThrow(/append-only|permission denied|must be owner/);
    }
    await expect(node.dataSource.query(`SET session_replication_role = replica`)).rejects.toThrow('permission denied');
    expect((await node.records()).slice(3)).toEqual(records);
  });
});
