import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startApp, type TestApp } from './support/app';
import { cli, cliArguments, cliEnvironment, cliProcess } from './support/cli';
import { createDatabase, type TestDatabase } from './support/database';
import { reader } from './support/facts';
import { Roles } from './support/roles';

describe('grantlog reconcile', () => {
  let database: TestDatabase;
  let app: TestApp;

  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url });
    await app.assignments.assign([reader('ann'), reader('bob')]);
    await app.relay.drained();
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
  });

  const past = (sql: string): Promise<unknown> => app.dataSource.query(sql);
  const insertEve = `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^eve', 'role^reader', '*')`;
  const json = (stdout: string): unknown => JSON.parse(stdout);

  it('ends with 0 when nothing differs, with 3 when something does, and with 0 once that is recorded', async () => {
    const run = (...args: string[]): ReturnType<typeof cliProcess> => cliProcess(database.url, ['reconcile', ...args]);
    expect(await run()).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/nothing differs\n$/) as string,
    });
    await past(insertEve);
    await past(`DELETE FROM casbin_rule WHERE v0 = 'user^ann'`);
    const found = await run();
    expect(found).toMatchObject({ code: 3, stderr: '' });
    const lines = found.stdout.split('\n');
    expect(lines[0]).toMatch(/^deleted {3}g, user\^ann, role\^reader, \*: created says seq 1, recorded at \d{4}-.*Z$/);
    expect(lines[1]).toMatch(/^inserted {2}g, user\^eve, role\^reader, \* \(row \d+\): no record tells of it$/);
    expect(found.stdout).toMatch(
      /they differ\n1 inserted: grantlog reconcile --record .*\n1 deleted: grantlog reconcile --record/,
    );
    const recorded = await run('--record', '--reason', 'INC-7');
    expect(recorded).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/they differ\n2 records written\n$/) as string,
    });
    expect((await app.trail.find({ subject: 'user^eve' })).items).toMatchObject([
      { actor: 'system^reconcile', reason: 'inserted into casbin_rule past Grantlog: INC-7' },
    ]);
    expect((await run('--record')).code).toBe(0);
  }, 60_000);

  it('answers one object of JSON, with nothing and with much in it', async () => {
    const nothing = await cli(database.url, ['reconcile', '--json']);
    expect(json(nothing.stdout)).toMatchObject({
      findings: [],
      differs: false,
      rules: 2,
      problems: [],
      recorded: 0,
      locked: 0,
    });
    await past(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) SELECT 'g', 'user^' || n, 'role^reader', '*' FROM generate_series(1, 6000) AS n`,
    );
    const much = await cliProcess(database.url, ['reconcile', '--json', '--record']);
    expect(much).toMatchObject({ code: 3, stderr: '' });
    const report = json(much.stdout) as { findings: unknown[] };
    expect(report).toMatchObject({ totals: { inserted: 6_000 }, recorded: 6_000 });
    expect(report.findings).toHaveLength(6_000);
    expect(report.findings[0]).toEqual({
      kind: 'inserted',
      ptype: 'g',
      rule: ['user^1', 'role^reader', '*'],
      rowId: expect.stringMatching(/^\d+$/) as string,
      rows: 1,
      told: null,
    });
  }, 60_000);

  it('shows what stands in the table, and obeys none of it', async () => {
    await past(
      `INSERT INTO casbin_rule (ptype, v0, v1) VALUES ('g', E'user^\\x1b[2J\nfake', 'role^reader'), (NULL, 'a', 'b')`,
    );
    const { code, stdout } = await cli(database.url, ['reconcile']);
    expect(code).toBe(3);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('g, user^\\u001b[2J\\u000afake, role^reader');
    expect(stdout).toMatch(/malformed NULL, a, b .*: no record tells of it/);
  });

  it('tells how it goes on, if somebody looks', async () => {
    await past(insertEve);
    const { stderr } = await cli(database.url, ['reconcile', '--record'], { isTTY: true });
    expect(stderr).toMatch(/^grantlog: comparing casbin_rule with the log\ngrantlog: 1 record written\n/);
  });

  it('takes scopes of policies from the model in CASBIN_MODEL', async () => {
    await past(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('p', 'role^x', 'act^read', 'lib^a')`);
    await cli(database.url, ['reconcile', '--record'], { env: { CASBIN_MODEL: 'apps/demo/sample/model.conf' } });
    expect((await app.trail.find({ subject: 'role^x' })).items).toMatchObject([{ scope: 'lib^a' }]);
  });

  it('ends quietly when its reader has enough', async () => {
    await past(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) SELECT 'g', 'user^' || n, 'role^reader', '*' FROM generate_series(1, 20000) AS n`,
    );
    const child = spawn(process.execPath, cliArguments('reconcile'), {
      env: cliEnvironment(database.url),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await once(child, 'exit')).toEqual([141, null]);
    expect(complaints).toBe('');
  }, 60_000);

  it.each([
    [['--reason', 'why'], 2, /--reason is for records: give --record, too/],
    [['--record', '--reason', 'x'.repeat(2_000)], 2, /reason: must have at most/],
    [['--record', '--model', '/nowhere'], 2, /\/nowhere cannot be read/],
    [['--recrod'], 2, /unknown option '--recrod'/],
  ])('refuses %j', async (args, code, complaint) => {
    await past(insertEve);
    const ended = await cli(database.url, ['reconcile', ...args]);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(complaint) as string });
    expect((await app.trail.find({ subject: 'user^eve' })).items).toEqual([]);
  });

  it('ends with 1 where the migrations have not run, and where a rule could be recorded twice', async () => {
    await past('DROP INDEX casbin_rule_unique');
    expect(await cli(database.url, ['reconcile', '--record'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/grantlog adopt/) as string,
    });
    const empty = await createDatabase();
    const { code, stderr } = await cli(empty.url, ['reconcile']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^grantlog: The database lacks casbin_rule.*\n$/),
    });
    await empty.drop();
  });

  describe('and grantlog rebuild', () => {
    it.each([
      ['is without some intervals', 'DELETE FROM audit_interval WHERE from_seq % 2 = 0'],
      ['ends some at the wrong seq', 'UPDATE audit_interval SET to_seq = from_seq + 1 WHERE from_seq % 3 = 0'],
      [
        'has some of nobody',
        `INSERT INTO audit_interval (from_seq, ptype, subject, rule_hash) VALUES (100000, 'g', 'user^x', 1)`,
      ],
      [
        'has wrong blocks',
        `INSERT INTO audit_interval_block (led_by, key, block, until) VALUES ('role', 'role^nobody', 0, 5)`,
      ],
    ])('mend what the past is read from when it %s, beside an app that writes', async (_, damage) => {
      const roles = new Roles(database);
      await app.assignments.assign(Array.from({ length: 50 }, (__, n) => reader(n)));
      await app.relay.drained();
      await roles.administer(damage);
      let busy = true;
      const write = async (): Promise<void> => {
        for (let n = 0; busy; n += 1) {
          await app.assignments.assign(reader(`busy-${n}`));
          await app.assignments.remove(reader(`busy-${n - 5}`));
        }
      };
      const writing = write();
      const damaged = await cli(database.url, ['reconcile', '--json']);
      expect(damaged.code).toBe(3);
      expect(json(damaged.stdout)).toMatchObject({
        findings: [],
        problems: expect.arrayContaining([
          { code: 'intervals', problem: expect.any(String) as string, remedy: 'grantlog rebuild' },
        ]) as unknown,
      });
      expect(await cli(database.url, ['rebuild'])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/mended\n$/) as string,
      });
      expect(await cli(database.url, ['reconcile'])).toMatchObject({ code: 0 });
      busy = false;
      await writing;
      await app.relay.drained();
      expect((await cli(database.url, ['reconcile'])).code).toBe(0);
      expect(json((await cli(database.url, ['rebuild', '--json'])).stdout)).toEqual({ mended: 0 });
    });
  });
});
