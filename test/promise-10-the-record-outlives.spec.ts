import { grantlogEntities } from 'grantlog';
import { type TestApp } from './support/app';
import { Cluster } from './support/cluster';

const assignment = (user: number) => ({ subject: `user^${user}`, role: 'role^reader', scope: 'lib^one' });

describe('the record outlives what it names', () => {
  let cluster: Cluster;
  let app: TestApp;
  beforeEach(async () => {
    cluster = await Cluster.create();
    app = await cluster.start();
    // Tables of a host, with what the keys of the records name.
    await app.dataSource.query(`
      CREATE TABLE users (id int PRIMARY KEY);
      CREATE TABLE roles (name text PRIMARY KEY);
      CREATE TABLE libraries (key text PRIMARY KEY, owner int REFERENCES users ON DELETE CASCADE);
      INSERT INTO users VALUES (1), (2), (3);
      INSERT INTO roles VALUES ('reader');
      INSERT INTO libraries VALUES ('one', 1)`);
    await app.enforcer.addPolicy('role^reader', 'act^read', '*');
    await app.enforcer.addNamedGroupingPolicy('g2', 'act^write', 'act^read');
    await app.assignments.assign([1, 2, 3].map(assignment), { reason: 'start of term "αβγ" 😀' });
    await app.relay.drained();
  });
  afterEach(() => cluster.end());

  /** Every column of the first `count` records as PostgreSQL holds them, and the place and transaction of each row version. */
  const bytes = (count: number): Promise<unknown[]> =>
    app.dataSource.query(
      `SELECT ctid::text, xmin::text, xmax::text, encode(convert_to(audit_record::text, 'UTF8'), 'hex') AS bytes
       FROM audit_record WHERE seq <= $1 ORDER BY audit_record.seq`,
      [count],
    );

  it('no table of ours has a foreign key or is the target of one', async () => {
    const ours = await app.dataSource.query(
      `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
         AND (relname LIKE 'audit\\_%' OR relname = 'casbin_rule')`,
    );
    expect(ours.length).toBeGreaterThanOrEqual(grantlogEntities.length + 3);
    const references = await app.dataSource.query(
      `SELECT conname FROM pg_constraint WHERE contype = 'f'
         AND (conrelid::regclass::text = ANY($1) OR confrelid::regclass::text = ANY($1))`,
      [ours.map(({ relname }: { relname: string }) => relname)],
    );
    expect(references).toEqual([]);
  });

  it('deleting the user, the role and the scope leaves history as it was', async () => {
    const [before, records] = [await bytes(5), await app.records()];
    expect(before).toHaveLength(5);
    await app.dataSource.query(`DELETE FROM users; DELETE FROM roles; TRUNCATE users CASCADE`);
    await app.dataSource.query(`DROP TABLE users, roles, libraries CASCADE`);
    expect(await bytes(5)).toEqual(before);
    expect(await app.records()).toEqual(records);
    const { items } = await app.trail.find({ subject: 'user^1' });
    expect(items).toMatchObject([{ subject: 'user^1', role: 'role^reader', scope: 'lib^one' }]);
  });

  it('removing every rule adds to history and leaves what was there byte for byte', async () => {
    const before = await bytes(5);
    await app.assignments.removeAll({ role: 'role^reader' });
    await app.enforcer.removePolicy('role^reader', 'act^read', '*');
    await app.enforcer.removeNamedGroupingPolicy('g2', 'act^write', 'act^read');
    expect(await app.dataSource.query(`SELECT FROM casbin_rule`)).toEqual([]);
    expect(await app.records()).toHaveLength(10);
    expect(await bytes(5)).toEqual(before);
  });

  it('the table of rules can be emptied behind our back, and even be gone, and history can be read', async () => {
    const [before, records] = [await bytes(5), await app.records()];
    await app.dataSource.query(`TRUNCATE casbin_rule`);
    expect(await bytes(5)).toEqual(before);
    await app.dataSource.query(`ALTER TABLE casbin_rule RENAME TO casbin_rule_gone`);
    expect((await app.trail.find()).items).toEqual([...records].reverse());
    expect(await app.trail.get(records[0]?.id ?? '')).toEqual(records[0]);
  });
});
