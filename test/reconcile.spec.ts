import { InvalidInputError, reconcile, type ReconcileReport, type RuleFinding } from 'grantlog';
import { Client } from 'pg';
import { startApp, type TestApp } from './support/app';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { letReadersRead, reader } from './support/facts';

describe('reconciling', () => {
  let database: TestDatabase;
  let app: TestApp;
  let stranger: Client;

  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url });
    stranger = new Client({ connectionString: database.url });
    await stranger.connect();
    await letReadersRead(app);
    await app.assignments.assign([reader('ann'), reader('bob'), reader('cid', 'lib^a')]);
    await app.relay.drained();
  });
  afterEach(async () => {
    await stranger.end();
    await app.close();
    await database.drop();
  });

  const insert = (subject: string, ptype = 'g'): Promise<unknown> =>
    stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ($1, $2, 'role^reader', '*')`, [ptype, subject]);
  const told = (report: ReconcileReport): unknown[] =>
    report.findings.map(({ kind, ptype, rule, told: last }) => [kind, ptype, ...rule, last && last.operation]);

  it('finds nothing where everything went through Grantlog', async () => {
    await app.assignments.remove(reader('bob'));
    const { differs, rules, totals, findings, problems } = await reconcile(app.dataSource);
    expect({ differs, rules, findings, problems }).toEqual({ differs: false, rules: 3, findings: [], problems: [] });
    expect(Object.values(totals)).toEqual([0, 0, 0, 0, 0]);
  });

  it('finds nothing on an empty table with an empty log', async () => {
    const empty = await createDatabase();
    const dataSource = await connect(empty.url);
    expect(await reconcile(dataSource)).toMatchObject({ differs: false, rules: 0, seq: '0' });
    await dataSource.destroy();
    await empty.drop();
  });

  it('names a rule that was inserted, and one that was deleted, with the record that says otherwise', async () => {
    const { events } = await app.assignments.remove(reader('bob'));
    await insert('user^eve');
    await insert('user^bob');
    await stranger.query(`DELETE FROM casbin_rule WHERE v0 = 'user^ann'`);
    await app.relay.drained();
    const report = await reconcile(app.dataSource);
    expect(report).toMatchObject({ differs: true, totals: { inserted: 2, deleted: 1, copied: 0 }, problems: [] });
    expect(told(report)).toEqual([
      ['deleted', 'g', 'user^ann', 'role^reader', '*', 'created'],
      ['inserted', 'g', 'user^bob', 'role^reader', '*', 'deleted'],
      ['inserted', 'g', 'user^eve', 'role^reader', '*', null],
    ]);
    const [, bob] = report.findings;
    const record = await app.trail.get(events[0]?.id ?? '');
    expect(bob?.told).toEqual({ operation: 'deleted', seq: record?.seq, recordedAt: record?.recordedAt });
    expect(Object.keys(bob ?? {}).sort()).toEqual(['kind', 'ptype', 'rowId', 'rows', 'rule', 'told']);
    const [row] = (await stranger.query<{ id: number }>(`SELECT id FROM casbin_rule WHERE v0 = 'user^bob'`)).rows;
    expect(bob?.rowId).toBe(String(row?.id));
  });

  it('tells both sides of an UPDATE next to each other', async () => {
    await stranger.query(`UPDATE casbin_rule SET v1 = 'role^admin' WHERE v0 = 'user^bob'`);
    expect(told(await reconcile(app.dataSource))).toEqual([
      ['inserted', 'g', 'user^bob', 'role^admin', '*', null],
      ['deleted', 'g', 'user^bob', 'role^reader', '*', 'created'],
    ]);
  });

  it('counts what waits in the outbox as told, and says when that is the last there is', async () => {
    await stranger.query('BEGIN');
    await stranger.query('SELECT seq FROM audit_head FOR UPDATE'); // nothing is recorded
    await app.assignments.assign(reader('dan'));
    await app.assignments.remove(reader('ann'));
    expect((await reconcile(app.dataSource)).findings).toEqual([]);
    await app.dataSource.query(`DELETE FROM casbin_rule WHERE v0 = 'user^dan'`);
    const { findings } = await reconcile(app.dataSource);
    expect(findings).toMatchObject([
      { kind: 'deleted', rowId: null, rows: 0, told: { operation: 'created', seq: null, recordedAt: null } },
    ]);
    await stranger.query('COMMIT');
  });

  it('takes no attempt for a change', async () => {
    const other = await startApp({ url: database.url, grantlog: { attempts: true } });
    const changedMind = new Error('the caller changed its mind');
    const rolledBack = other.dataSource.transaction(async (manager) => {
      await other.assignments.assign(reader('fay'), { manager });
      throw changedMind;
    });
    await expect(rolledBack).rejects.toBe(changedMind);
    await other.close();
    expect((await reconcile(app.dataSource)).differs).toBe(false);
  });

  it('tells of policies and groupings, quotes, blanks and empty columns as they are', async () => {
    await stranger.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES
         ('p', 'role^"x', ' act^read', '', NULL), ('g2', 'act^a', 'act^b', NULL, NULL), ('p', 'role^x', 'act^read', '*', 'deny')`,
    );
    expect(told(await reconcile(app.dataSource))).toEqual([
      ['inserted', 'g2', 'act^a', 'act^b', null],
      ['inserted', 'p', 'role^"x', ' act^read', '', null],
      ['inserted', 'p', 'role^x', 'act^read', '*', 'deny', null],
    ]);
  });

  it('names rows that are no rules, copies, gaps, and the unique rule that is gone', async () => {
    await stranger.query('DROP INDEX casbin_rule_unique');
    await insert('user^ann');
    await stranger.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES
         (NULL, 'user^no', 'role^type', '*'), ('g', '', 'role^reader', '*'), ('x', 'a', 'b', 'c'), ('g', NULL, 'role^reader', '*'),
         ('p', 'role^gap', NULL, '*')`,
    );
    const report = await reconcile(app.dataSource);
    const kinds = (subject: string): unknown[] =>
      report.findings.filter(({ rule }) => rule[0] === subject).map(({ kind, rows }) => [kind, rows]);
    expect(report.totals).toEqual({ inserted: 1, deleted: 0, copied: 1, gapped: 2, malformed: 4 });
    expect(kinds('user^ann')).toEqual([['copied', 2]]);
    expect(kinds('role^gap').sort()).toEqual([
      ['gapped', 1],
      ['inserted', 1],
    ]);
    expect(report.problems).toMatchObject([
      { code: 'unique-rule', remedy: expect.stringContaining('adopt') as string },
    ]);
    await expect(reconcile(app.dataSource, { record: true })).rejects.toThrow(/casbin_rule_unique.*adoptRules/s);
    expect(await app.dataSource.query('SELECT * FROM audit_outbox')).toEqual([]);
  });

  it('names as many findings as it may, counts the others, and tells all of them to whoever wants to hear', async () => {
    await stranger.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2)
       SELECT 'g', 'user^' || n, 'role^reader', '*' FROM generate_series(1, 12000) AS n`,
    );
    const heard: RuleFinding[] = [];
    const report = await reconcile(app.dataSource, { limit: 3, found: (finding) => void heard.push(finding) });
    expect(report.findings).toHaveLength(3);
    expect(report.totals.inserted).toBe(12_000);
    expect(new Set(heard.map(({ rule }) => rule[0])).size).toBe(12_000);
  });

  it('ends, and gives its connection back in order, when whoever hears of a finding fails', async () => {
    await insert('user^eve');
    const single = await connect(database.url, 1);
    const full = new Error('the disk is full');
    const heard = reconcile(single, { found: () => Promise.reject(full) });
    await expect(heard).rejects.toBe(full);
    expect((await reconcile(single)).totals.inserted).toBe(1);
    await single.destroy();
  });

  it('changes nothing, and works where nothing may be changed', async () => {
    await insert('user^eve');
    await stranger.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
    const readOnly = await connect(database.url, 1);
    expect((await reconcile(readOnly)).totals.inserted).toBe(1);
    await expect(reconcile(readOnly, { record: true })).rejects.toMatchObject({ code: 'READ_ONLY' });
    await readOnly.destroy();
  });

  it.each([
    ['a negative limit', { limit: -1 }, 'limit'],
    ['half a finding', { limit: 1.5 }, 'limit'],
    ['a reason that cannot be stored', { record: true, reason: 'a\u0000b' }, 'reason'],
    ['an endless reason', { record: true, reason: 'x'.repeat(2_000) }, 'reason'],
    ['no separator', { record: true, separator: '' }, 'actor'],
  ])('refuses %s and changes nothing', async (_, options, field) => {
    await insert('user^eve');
    const refused = await reconcile(app.dataSource, options).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InvalidInputError);
    expect(refused).toMatchObject({ field });
    expect((await reconcile(app.dataSource)).totals.inserted).toBe(1);
  });

  it('says what is missing where the migrations have not run', async () => {
    const empty = await createDatabase();
    const bare = await connect(empty.url, 1);
    await bare.query('DROP TABLE audit_interval CASCADE');
    await expect(reconcile(bare)).rejects.toMatchObject({ code: 'NOT_INSTALLED' });
    await bare.destroy();
    await empty.drop();
  });
});
