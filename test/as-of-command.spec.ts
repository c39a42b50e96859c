import { runAs } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { cli } from './support/cli';
import { createDatabase, type TestDatabase } from './support/database';
import { reader } from './support/facts';
import { HttpCaller, LetsPass } from './support/http';

describe('on the command line', () => {
  let database: TestDatabase;
  let app: TestApp;
  let caller: HttpCaller;
  let granted: string;
  beforeAll(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url, grantlog: { http: { guards: [LetsPass] }, listeners: false } });
    caller = await HttpCaller.of(app);
    await runAs('user^boss', () => app.assignments.assign([reader(1), reader(2)], { reason: 'hired' }));
    granted = (await app.records()).at(-1)?.recordedAt ?? '';
    await app.dataSource.query(`DELETE FROM casbin_rule WHERE v0 = 'user^1'`);
    await app.assignments.assign(reader(1));
    await app.assignments.remove(reader(2), { reason: 'left' });
    await app.records();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('as-of says what the API says, in JSON, page by page', async () => {
    const { code, stdout, stderr } = await cli(database.url, ['as-of', granted, '--limit', '1', '--json']);
    const { body } = await caller.get(`/authz/role-assignments?asOf=${granted}&limit=1`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const page = JSON.parse(stdout);
    expect(page).toEqual(body);
    const next = await cli(database.url, ['as-of', granted, '--cursor', page.nextCursor, '--json']);
    expect(JSON.parse(next.stdout)).toMatchObject({ items: [reader(1)], nextCursor: null, seq: '2' });
  });

  it('as-of is a table for people', async () => {
    const { code, stdout } = await cli(database.url, ['as-of', granted, '--subject', 'user^2']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^subject +role +scope +granted by +granted at$/),
      expect.stringMatching(/^user\^2 +role\^reader +\* +user\^boss +20\d\d-.*Z$/),
      '',
    ]);
  });

  it('history says what the API says, and in text what happened past Grantlog', async () => {
    const { stdout } = await cli(database.url, ['history', '--role', 'role^reader', '--json']);
    const { body } = await caller.get('/authz/role-assignments/history?role=role^reader');
    expect(JSON.parse(stdout)).toEqual(body);
    const { code, stdout: text } = await cli(database.url, ['history', '--role', 'role^reader']);
    expect(code).toBe(0);
    const [, again, second, first] = text.split('\n');
    expect(again).toMatch(/^user\^1 .* in force/);
    expect(second).toMatch(/^user\^2 .* user\^boss +hired +20\d\d-\S+ +system +left$/);
    expect(first).toMatch(/^user\^1 .* user\^boss +hired +\(past Grantlog\) before 20\d\d/);
  });

  it.each([
    [['as-of'], 'time'],
    [['as-of', 'yesterday'], '<time>'],
    [['as-of', '2020'], 'grantlog: <time>: must be a moment'],
    [['as-of', '2000-01-01'], 'before the log began'],
    [['as-of', '2999-01-01'], 'future'],
    [['as-of', '2026-01-01', '--limit', '0'], 'limit'],
    [['as-of', '2026-01-01', '--role', 'x'], 'role'],
    [['history'], 'subject, role and scope'],
    [['history', '--scope-namespace', 'lib'], 'subject, role and scope'],
    [['history', '--subject', 'user^1', '--cursor', 'x'], 'cursor'],
  ])('%j is a mistake of usage, and says which', async (args, said) => {
    const { code, stdout, stderr } = await cli(database.url, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
  });
});
