import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { type AuditFilter, AuditTrail } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { cli } from './support/cli';
import { createDatabase, type TestDatabase } from './support/database';
import { reader } from './support/facts';
import { HttpCaller, LetsPass } from './support/http';

const model = join(__dirname, '..', 'apps', 'demo', 'sample', 'model.conf');

describe('the command line beside an app', () => {
  let database: TestDatabase;
  let app: TestApp;
  let caller: HttpCaller;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grantlog-'));
    database = await createDatabase();
    app = await startApp({ url: database.url, grantlog: { http: { guards: [LetsPass] } } });
    caller = await HttpCaller.of(app);
    await app.assignments.assign([reader(1, 'lib^a'), reader(2, 'lib^b'), reader(3, 'course^c')], { reason: 'first' });
    await app.assignments.remove(reader(1, 'lib^a'), { reason: 'red \u202Etxt\nnext line' });
    await app.records();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });
  const grantlog = (...args: string[]) => cli(database.url, args);
  const answer = async (...args: string[]) => JSON.parse((await grantlog(...args, '--json')).stdout);

  it('answers the same records as the HTTP surface, by every filter', async () => {
    const [last] = (await app.records()).slice(-1);
    const filters: Required<AuditFilter> = {
      subject: 'user^1',
      role: 'role^reader',
      scope: 'lib^b',
      scopeNamespace: 'lib',
      subjectPrefix: 'user^',
      scopePrefix: 'course',
      actor: 'user^7',
      operation: 'deleted',
      type: 'role_assignment.created',
      outcome: 'success',
      from: last?.recordedAt ?? '',
      to: last?.recordedAt ?? '',
      requestId: 'r-1',
      operationId: last?.operationId ?? '',
    };
    for (const [field, value] of Object.entries(filters)) {
      const option = `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const { body } = await caller.get(`/authz/audit-records?${new URLSearchParams({ [field]: value }).toString()}`);
      const { closedThrough: _, ...page } = await answer('records', option, value);
      expect(page).toEqual({ items: body.items, nextCursor: body.nextCursor });
      const file = await grantlog('export', option, value);
      const lines = file.stdout.split('\n').filter(Boolean);
      expect(lines.map((line) => JSON.parse(line))).toEqual([...body.items].reverse());
    }
  });

  it('turns pages', async () => {
    const first = await answer('records', '--limit', '3');
    expect(first.items).toHaveLength(3);
    const second = await answer('records', '--limit', '3', '--cursor', first.nextCursor);
    expect([...first.items, ...second.items].map(({ seq }) => seq)).toEqual(['4', '3', '2', '1']);
    const { stdout } = await grantlog('records', '--limit', '3');
    expect(stdout).toContain(`More: --cursor ${first.nextCursor}`);
  });

  it('shows text as a table, in which nothing of a record commands the terminal', async () => {
    const { code, stdout, stderr } = await cli(database.url, ['records'], { isTTY: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [titles, newest, ...rest] = stdout.trimEnd().split('\n');
    expect(titles).toMatch(/^seq +recorded at +event +outcome +actor +subject +role +scope +reason$/);
    expect(newest).toContain('red \\u202etxt\\u000anext line');
    expect(rest).toHaveLength(3);
    // eslint-disable-next-line no-control-regex -- it is what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  });

  it.each([
    [['records', '--limit', '1001'], /--limit: must be a whole number from 1 to 200/],
    [['records', '--limit', 'many'], /--limit <count>/],
    [['records', '--subject', 'ann'], /--subject: must have a namespace/],
    [['records', '--scope-namespace', 'a^b'], /--scope-namespace: must be what stands before/],
    [['records', '--from', 'yesterday'], /--from: must be a moment/],
    [['records', '--from', '2026-02-01', '--to', '2026-01-01'], /--from: must not be after to/],
    [['records', '--cursor', 'abc'], /--cursor: must be the nextCursor/],
    [['records', '--operation', 'changed'], /--operation <operation>.*created, deleted/],
    [['records', '--subjekt', 'user^1'], /unknown option '--subjekt'/],
    [['records', '--subject'], /--subject <key>' argument missing/],
    [['records', 'all'], /too many arguments/],
    [['records', '--separator', ''], /--separator: must have 1 to 10/],
    [['export', '--format', 'xml'], /--format <format>.*ndjson, csv/],
    [['export', '--limit', '3'], /unknown option '--limit'/],
    [['migrate', '--model', '/no/such/file'], /--model: \/no\/such\/file cannot be read/],
    [['parked', 'retry', 'x'], /id: must be the number/],
    [['parked', 'retry'], /missing required argument 'id'/],
    [['parked', 'drop'], /unknown command 'drop'/],
    [['recrods'], /unknown command 'recrods'[^]*records/],
    [[], /Usage: grantlog/],
    [['parked'], /Usage: grantlog parked/],
  ])('refuses %j with 2, says what is wrong and does nothing', async (args, problem) => {
    const { code, stdout, stderr } = await grantlog(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(problem);
    expect(stderr).not.toMatch(/\n +at /);
  });

  it.each([
    [{ DATABASE_URL: undefined }, /DATABASE_URL is not set/],
    [{ DATABASE_URL: '' }, /DATABASE_URL is not set/],
    [{ DATABASE_URL: 'mysql://somebody@localhost/x' }, /DATABASE_URL must look like/],
    [{ DATABASE_URL: 'localhost' }, /DATABASE_URL must look like/],
  ])('refuses the settings %j with 2', async (env, problem) => {
    const { code, stdout, stderr } = await cli(database.url, ['records'], { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(problem);
  });

  it('says in one line, without the password, that the database is out of reach or refuses', async () => {
    const wrong = new URL(database.url);
    wrong.port = '1';
    wrong.password = 'secret';
    const missing = new URL(database.url);
    missing.pathname = '/no_such_database';
    for (const url of [wrong.href, missing.href]) {
      const { code, stdout, stderr } = await cli(url, ['records', '--json']);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^grantlog: .+\n$/);
      expect(stderr).not.toContain('secret');
    }
  });

  it('helps with 0, on stdout', async () => {
    const { code, stdout, stderr } = await grantlog('records', '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('--scope-namespace <namespace>');
    expect(stdout).toContain('--json');
    expect((await grantlog('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await grantlog('--help')).stdout).toContain('Exit codes: 0 fine, 1 error, 2 usage, 3 a finding.');
  });

  it('reads keys with the separator of the app', async () => {
    const { code, stdout } = await cli(database.url, ['records', '--scope', 'lib:x', '--json'], {
      env: { GRANTLOG_SEPARATOR: ':' },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).items).toEqual([]);
    expect((await grantlog('records', '--scope', 'lib:x')).code).toBe(2);
    expect((await grantlog('records', '--scope', 'lib:x', '--separator', ':')).code).toBe(0);
    expect((await grantlog('records', '--subject', 'ann', '--bare-keys')).code).toBe(0);
  });

  it('exports to a file, which is there as a whole or not at all', async () => {
    const path = join(folder, 'log.csv');
    await writeFile(path, 'before');
    const { code, stdout, stderr } = await grantlog('export', '--format', 'csv', '--output', path);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^grantlog: 4 records; the log is closed through \d{4}-.+Z\n$/);
    const text = await readFile(path, 'utf8');
    expect(text.split('\r\n')).toHaveLength(6);
    await app.dataSource.query('ALTER TABLE audit_record RENAME TO hidden');
    const broken = await grantlog('export', '--output', path);
    await app.dataSource.query('ALTER TABLE hidden RENAME TO audit_record');
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringMatching(/audit_record.*grantlog migrate/) });
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await readdir(folder)).toEqual(['log.csv']);
  });

  it('exports beside what a killed export of the same process id has left', async () => {
    const path = join(folder, 'again.ndjson');
    await writeFile(`${path}.${process.pid}.partial`, 'left');
    const { code } = await grantlog('export', '--output', path);
    await rm(`${path}.${process.pid}.partial`);
    expect([code, (await readFile(path, 'utf8')).split('\n').length]).toEqual([0, 5]);
    await rm(path);
  });

  it.each([
    [['export', '--output', ''], /--output/],
    [['migrate', '--migrations-table', 'a"b'], /--migrations-table/],
    [['migrate', '--migrations-table', ''], /--migrations-table/],
  ])('refuses %j before it connects', async (args, problem) => {
    const { code, stderr } = await cli('postgres://nobody@127.0.0.1:1/nowhere', args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(problem)]);
  });

  it('takes away what it has written of a file when it is ended', async () => {
    const ending = new AbortController();
    const after = jest.spyOn(AuditTrail.prototype, 'after').mockImplementation(async () => {
      expect(await readdir(folder)).toContainEqual(expect.stringMatching(/^ended\.ndjson\.[0-9a-f-]{36}\.partial$/));
      ending.abort(); // now, and at once: the process does not live on
      expect(readdirSync(folder)).not.toContainEqual(expect.stringMatching(/^ended/));
      throw new Error('ended');
    });
    const { code, stderr } = await cli(database.url, ['export', '--output', join(folder, 'ended.ndjson')], {
      signal: ending.signal,
    });
    after.mockRestore();
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'grantlog: ended\n' });
  });

  it('tells how far a long export has come, on a terminal only', async () => {
    const clock = jest.spyOn(performance, 'now');
    let now = 0;
    clock.mockImplementation(() => (now += 2_000));
    const watched = await cli(database.url, ['export'], { isTTY: true });
    const unwatched = await cli(database.url, ['export']);
    clock.mockRestore();
    expect(watched.stderr).toMatch(/^grantlog: 4 records\ngrantlog: 4 records; the log is closed/);
    expect(unwatched.stderr).toMatch(/^grantlog: 4 records; the log is closed.*\n$/);
  });

  it('ends with 1 if the file cannot be written', async () => {
    for (const path of [join(folder, 'no', 'such', 'folder'), folder, '/dev/full']) {
      const { code, stderr } = await grantlog('export', '--output', path);
      expect({ path, code }).toEqual({ path, code: 1 });
      expect(stderr).toMatch(/^grantlog: (ENOENT|EISDIR|ENOSPC).+\n$/);
    }
  });

  it('says nothing is wrong when nothing is', async () => {
    const { code, stdout } = await grantlog('health');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^status +(green|yellow)\n/);
    expect(await answer('health')).toMatchObject({ status: 'green', problems: [], adopted: true, parked: 0 });
  });

  it('ends with 3 when something is red', async () => {
    const holder = app.dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('LOCK TABLE audit_head IN EXCLUSIVE MODE'); // nothing is recorded
    await app.dataSource.query(
      `INSERT INTO audit_outbox (type, operation, outcome, subject, operation_id, details, occurred_at)
       VALUES ('grouping.created', 'created', 'success', E'user^\\x1b[31m', gen_random_uuid(), '{"ptype": "x", "rule": []}',
         clock_timestamp() - interval '1 minute')`,
    );
    const { code, stdout, stderr } = await grantlog('health', '--json');
    await holder.rollbackTransaction();
    await holder.release();
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'red', outbox: { depth: 1 } });
  });
});

describe('the command line on a database without Grantlog', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeEach(async () => {
    database = await createDatabase();
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('says what to run', async () => {
    for (const command of [['records'], ['health'], ['adopt'], ['export'], ['parked', 'list']]) {
      const { code, stderr } = await cli(database.url, command);
      expect({ command, code }).toEqual({ command, code: 1 });
      expect(stderr).toMatch(/^grantlog: .*run `grantlog migrate` first\n$/);
    }
  });

  it('migrates once, and an app starts on it', async () => {
    const first = await cli(database.url, ['migrate', '--json']);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout).run).toEqual([
      'GrantlogInstall1764000000000',
      'GrantlogAdopt1764000000001',
      'GrantlogIntervals1764000000002',
      'GrantlogParkedRetry1764000000003',
    ]);
    expect(await cli(database.url, ['migrate'])).toMatchObject({ code: 0, stdout: 'nothing to do\n' });
    const app = await startApp({ url: database.url });
    await app.close();
  });

  it("migrates with the host's own table of migrations", async () => {
    await cli(database.url, ['migrate', '--migrations-table', 'host_migrations']);
    const [row] = await dataSource.query<unknown[]>('SELECT count(*)::int AS run FROM host_migrations');
    expect(row).toEqual({ run: 4 });
  });

  it('adopts a table, with the scopes of policies by the model', async () => {
    await dataSource.query(
      `CREATE TABLE casbin_rule (id serial PRIMARY KEY, ptype varchar, v0 varchar, v1 varchar, v2 varchar, v3 varchar,
         v4 varchar, v5 varchar, v6 varchar);
       INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES ('p', 'role^reader', 'act^read', 'lib^a', 'allow')`,
    );
    expect((await cli(database.url, ['migrate'], { env: { CASBIN_MODEL: model } })).code).toBe(0);
    await dataSource.query(
      `ALTER TABLE casbin_rule DISABLE TRIGGER ALL;
       INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^1', 'role^reader', 'lib^a')`,
    );
    const { code, stdout } = await cli(database.url, ['adopt', '--model', model, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ trimmed: 0, folded: 0, recorded: 1 });
    const { items } = JSON.parse((await cli(database.url, ['records', '--json'])).stdout);
    expect(items.map(({ subject, scope }: Record<string, string>) => [subject, scope])).toEqual([
      ['user^1', 'lib^a'],
      ['role^reader', 'lib^a'],
    ]);
    expect((await cli(database.url, ['adopt'])).stdout).toBe('0 rules recorded, 0 doubles folded, 0 rows trimmed\n');
  });
});
