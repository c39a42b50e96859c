import { parse } from 'csv-parse/sync';
import { type AuditFilter, type ExportOptions, InvalidInputError } from 'grantlog';
import { collect, type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { HttpCaller, LetsPass } from './support/http';
import { commitMany, recordMany } from './support/many-records';
import { commitEvents } from './support/outbox-rows';
import { until } from './support/until';

const columns = [
  ...['seq', 'id', 'type', 'operation', 'outcome', 'occurredAt', 'recordedAt', 'actor', 'subject', 'role', 'scope'],
  ...['subjectDisplay', 'roleDisplay', 'scopeDisplay', 'reason', 'requestId', 'operationId', 'sourceIp', 'userAgent'],
  'details',
];

let cluster: Cluster;
let app: TestApp;

beforeEach(async () => {
  cluster = await Cluster.create();
  app = await cluster.start({ grantlog: { listeners: false, http: { guards: [LetsPass] } } });
});
afterEach(() => cluster.end());

const textOf = async (filter?: AuditFilter, options?: ExportOptions, of = app): Promise<string> =>
  (await collect(await of.trail.export(filter, options))).join('');
const linesOf = async (filter?: AuditFilter, options?: ExportOptions): Promise<string[]> =>
  (await textOf(filter, options)).split('\n').filter(Boolean);
const rowsOf = async (filter?: AuditFilter): Promise<Record<string, string>[]> =>
  parse(await textOf(filter, { format: 'csv' }), { columns: true });

const assign = (subject: string, reason?: string) =>
  app.assignments.assign({ subject, role: 'role^reader', scope: 'lib^lib:Org1:math' }, { reason });

describe('an export', () => {
  it('holds every record that matches, oldest first, as the API shows it', async () => {
    await recordMany(app, 2_345);
    const caller = await HttpCaller.of(app);
    const { body: page } = await caller.get('/authz/audit-records?scope=lib^77&limit=200');
    const lines = await linesOf({ scope: 'lib^77' });
    expect(lines.map((line) => JSON.parse(line))).toEqual([...page.items].reverse());
    expect(await linesOf()).toHaveLength(2_345);
    expect((await linesOf()).map((line) => JSON.parse(line).seq)).toEqual(
      Array.from({ length: 2_345 }, (_, at) => String(at + 1)),
    );
  });

  it('has the fields of an item in their order, on a line each and in the columns of the CSV', async () => {
    await assign('user^1', 'said "yes",\nand twice');
    await app.records();
    const [line = ''] = await linesOf();
    expect(Object.keys(JSON.parse(line))).toEqual(columns);
    const text = await textOf({}, { format: 'csv' });
    expect(text.split('\r\n')[0]).toBe(columns.join());
    expect(text.endsWith('\r\n')).toBe(true);
    const { details, actor, role, reason, ...row } = (await rowsOf())[0] ?? {};
    expect(JSON.parse(details ?? '')).toEqual(JSON.parse(line).details);
    expect({ actor, role, reason }).toEqual({ actor: '', role: 'role^reader', reason: 'said "yes",\nand twice' });
    expect(row).toMatchObject({ seq: '1', scopeDisplay: 'lib:Org1:math' });
  });

  it('of nothing is empty, and has its titles as CSV', async () => {
    expect(await textOf()).toBe('');
    expect(await textOf({ subject: 'user^nobody' }, { format: 'csv' })).toBe(`${columns.join()}\r\n`);
  });

  it('ends where a batch ends, too', async () => {
    await recordMany(app, 2_000);
    expect(await linesOf()).toHaveLength(2_000);
    expect(await linesOf({}, { visible: { scopes: ['lib^1', 'lib^2'] } })).toHaveLength(40);
  });

  it('as CSV does not let a text be a formula', async () => {
    const plain = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\uFF1D1',
      '\uFF0B1',
      '\uFF0D1',
      '\uFF201',
      '=HYPERLINK("http://x","y")',
    ];
    const texts = [...plain, '\t=1', '\r=1', '\n=1', ' =1', '\u200b=1', '\u061c \u200e=1'];
    const rows = texts.map((text) => ({ type: 'grouping.created', subject: 'user^1', request_id: text }));
    await commitEvents(app.dataSource, rows);
    await app.relay.drained();
    expect((await rowsOf()).map(({ requestId }) => requestId)).toEqual(texts.map((text) => `'${text}`));
    expect((await linesOf()).map((line) => JSON.parse(line).requestId)).toEqual(texts);
  });

  it('as CSV does not let a cell begin with a formula for a program that separates by other signs', async () => {
    await assign('user^a;=1+1', 'x;@y\t+z\n-a; =b, =c|=d');
    await app.records();
    const [row] = await rowsOf();
    expect(row).toMatchObject({ subject: "user^a;'=1+1", reason: "x;'@y\t'+z\n'-a;' =b, =c|'=d" });
    expect(JSON.parse(row?.details ?? '').rule[0]).toBe("user^a;'=1+1");
  });

  it('refuses what is malformed before anything is read', async () => {
    const refused = async (filter: object, options: object, field: string) => {
      const error = await app.trail.export(filter, options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({ field });
    };
    await refused({}, { format: 'xml' }, 'format');
    await refused({}, { format: 'constructor' }, 'format');
    await refused({ limit: 3 }, {}, 'limit');
    await refused({ from: 'yesterday' }, {}, 'from');
    await refused({ from: '2026-02-01', to: '2026-01-01' }, {}, 'from');
    await refused({}, { visible: { scope: ['x'] } }, 'visible.scope');
  });
});

describe('what an export reaches', () => {
  it('ends where the log is closed, and says so', async () => {
    await recordMany(app, 3);
    const exported = await app.trail.export();
    await recordMany(app, 3, 100); // later than what was closed
    expect((await collect(exported)).join('').match(/\n/g)).toHaveLength(3);
    expect(exported.recordCount).toBe(3);
    const [, , third, fourth] = await app.records();
    expect(exported.closedThrough >= (third?.recordedAt ?? '')).toBe(true);
    expect(exported.closedThrough < (fourth?.recordedAt ?? '')).toBe(true);
  });

  it('closes a quiet log up to the end of the window, or up to now', async () => {
    await recordMany(app, 1);
    const [{ now } = { now: '' }] = await app.dataSource.query<{ now: string }[]>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now`,
    );
    expect((await app.trail.export({ to: now })).closedThrough >= now).toBe(true);
    const last = (await app.trail.export()).closedThrough;
    expect((await app.trail.export({ to: '2999-01-01' })).closedThrough > last).toBe(true);
  });

  it('is what was recorded before, while recording stands still', async () => {
    await recordMany(app, 2);
    const { closedThrough: before } = await app.trail.find();
    const runner = app.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('LOCK TABLE audit_record IN EXCLUSIVE MODE'); // the relay waits
    await commitMany(app.dataSource, 5, 50);
    const exported = await app.trail.export();
    expect(exported.closedThrough).toBe(before);
    await runner.rollbackTransaction();
    await runner.release();
    await app.relay.drained();
    expect((await collect(exported)).join('').match(/\n/g)).toHaveLength(2);
  });

  it.each(['ndjson', 'csv'] as const)(
    'gives the same bytes of a closed window from every node, while others write: %s',
    async (format) => {
      const other = await cluster.start({ grantlog: { listeners: false }, poolSize: 3 });
      await recordMany(app, 3_000);
      const { closedThrough } = await app.trail.export();
      let writing = true;
      const writer = (async () => {
        for (let call = 0; writing; call += 1) await assign(`user^late-${call}`);
      })();
      await until(
        () => app.trail.lastSeq(),
        (seq) => Number(seq) > 3_000,
      );
      const filter = { to: closedThrough };
      const all = await Promise.all([app, other, app, other].map((node) => textOf(filter, { format }, node)));
      writing = false;
      await writer;
      expect(await textOf(filter, { format }, other)).toBe(all[0]);
      expect(new Set(all).size).toBe(1);
      expect(all[0]?.split('\n').length).toBeGreaterThan(3_000);
    },
  );
});
