import { once } from 'node:events';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { collect, type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { HttpCaller, LetsPass } from './support/http';
import { recordMany } from './support/many-records';
import { until, untilSo } from './support/until';

const path = '/authz/audit-records/export';
/** More than what the two ends of a connection keep in their buffers. */
const many = 20_000;
const batches = many / 1_000;

let cluster: Cluster;
let app: TestApp;
let caller: HttpCaller;
let responses: ServerResponse[];
const answers: IncomingMessage[] = [];

beforeAll(async () => {
  cluster = await Cluster.create();
  app = await cluster.start({
    grantlog: { listeners: false, http: { guards: [LetsPass] } },
    configure: (nest) =>
      nest.use((_: unknown, response: ServerResponse, next: () => void) => {
        responses.push(response);
        next();
      }),
  });
  caller = await HttpCaller.of(app);
  responses = [];
  await recordMany(app, many);
});
beforeEach(() => {
  responses = [];
});
afterEach(() => {
  jest.restoreAllMocks();
  for (const answer of answers.splice(0)) answer.destroy();
});
afterAll(() => cluster.end());

/** A client that has the headers and reads nothing of the body yet. */
async function opened(query = ''): Promise<IncomingMessage> {
  const request = get(`${caller.origin}${path}${query}`, { agent: false });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answers.push(answer);
  return answer;
}

/** Resolves when nobody takes what the server has to send. */
const stuck = () =>
  until(
    () => responses[0]?.writableNeedDrain,
    (needs) => needs === true,
  );

const counted = () => jest.spyOn(app.trail, 'after').mock;

/** Connections of the pool that are in somebody's hands. */
function inUse(): number {
  const { master } = app.dataSource.driver as unknown as { master: { totalCount: number; idleCount: number } };
  return master.totalCount - master.idleCount;
}

describe('exporting over HTTP', () => {
  it('answers a file, whose headers tell what it is and how far it reaches', async () => {
    const files = await Promise.all(
      ['', '?format=ndjson', '?format=csv'].map((query) => fetch(`${caller.origin}${path}${query}`)),
    );
    const heads = files.map(({ status, headers }) => ({
      status,
      type: headers.get('content-type'),
      disposition: headers.get('content-disposition'),
      closed: headers.get('grantlog-closed-through'),
    }));
    for (const { status, closed, disposition } of heads) {
      expect({ status, closed }).toEqual({ status: 200, closed: expect.stringMatching(/^\d{4}-.+\.\d{6}Z$/) });
      expect(disposition).toMatch(/^attachment; filename="audit-records-\d{8}T\d{6}Z\.(ndjson|csv)"$/);
    }
    const types = ['application/x-ndjson', 'application/x-ndjson', 'text/csv'];
    expect(heads.map(({ type }) => type?.split(';')[0])).toEqual(types);
    const [first = '', second, csv] = await Promise.all(files.map((file) => file.text()));
    expect(first.match(/\n/g)).toHaveLength(many);
    expect(second).toBe(first);
    expect(csv?.match(/\r\n/g)).toHaveLength(many + 1);
  });

  it('takes every filter, and refuses a page and an unknown format by name', async () => {
    const { status, body } = await caller.get(`${path}?scope=lib^7&subjectPrefix=user^1&actor=user^7`);
    expect(status).toBe(200);
    const subjects: string[] = body
      .split('\n')
      .filter(Boolean)
      .map((line: string) => JSON.parse(line).subject);
    expect(subjects.length).toBeGreaterThan(0);
    expect(subjects.every((subject) => /^user\^1\d*07$/.test(subject))).toBe(true);
    const fields = ['format=xml', 'limit=10', 'cursor=abc', 'from=yesterday', 'page=2', 'format=csv&format=csv'];
    for (const query of fields) {
      const answer = await caller.get(`${path}?${query}`);
      expect(answer).toMatchObject({ status: 400, body: { field: query.split('=')[0] } });
    }
  });

  it('reads no further than somebody takes it', async () => {
    const calls = counted();
    const answer = await opened();
    await stuck();
    expect(calls.calls.length).toBeLessThan(batches);
    await untilSo(() => inUse() === 0); // a connection is for a batch, not for the file
    let bytes = 0;
    for await (const part of answer) bytes += (part as Buffer).length;
    expect(bytes).toBeGreaterThan(many * 1_000);
    expect(calls.calls.length).toBe(batches + 1);
  });

  it('a client that goes away leaves nothing behind', async () => {
    const calls = counted();
    const answer = await opened();
    await stuck();
    answer.destroy();
    await untilSo(() => responses[0]?.closed === true && inUse() === 0);
    const { length } = calls.calls;
    expect(length).toBeLessThan(batches);
    await caller.get('/authz/health'); // a round trip later it is still so
    expect(calls.calls).toHaveLength(length);
  });

  it('is read no further by a client that went away while it was begun', async () => {
    let begin = (): void => undefined;
    const held = new Promise<void>((resolve) => (begin = resolve));
    const original = app.trail.after.bind(app.trail);
    const { mock } = jest.spyOn(app.trail, 'after').mockImplementation(async (...given) => {
      await held;
      return original(...given);
    });
    const request = get(`${caller.origin}${path}`, { agent: false }).on('error', () => undefined);
    await untilSo(() => mock.calls.length === 1);
    request.destroy();
    await untilSo(() => responses[0]?.destroyed === true || responses[0]?.closed === true);
    begin();
    await untilSo(() => inUse() === 0);
    await caller.get('/authz/health');
    expect(mock.calls.length).toBeLessThan(3);
  });

  it('breaks off when the log cannot be read to its end', async () => {
    const answer = await opened();
    await stuck();
    await app.dataSource.query('ALTER TABLE audit_record RENAME TO hidden');
    try {
      const end = await collect(answer).then(
        () => 'ended politely',
        (error: unknown) => (error as NodeJS.ErrnoException).code,
      );
      expect(end).toBe('ECONNRESET');
      expect(answer.complete).toBe(false);
    } finally {
      await app.dataSource.query('ALTER TABLE hidden RENAME TO audit_record');
    }
    expect((await caller.get(`${path}?scope=lib^7`)).status).toBe(200);
  });

  it('answers 500 when the log cannot be read at all', async () => {
    jest.spyOn(app.trail, 'after').mockRejectedValue(new Error('the disk is gone'));
    expect(await caller.get(path)).toMatchObject({ status: 500, body: { statusCode: 500 } });
  });

  it('HEAD has the headers, and reads nothing', async () => {
    const calls = counted();
    const { status, headers } = await fetch(`${caller.origin}${path}?format=csv`, { method: 'HEAD' });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/csv');
    expect(headers.get('grantlog-closed-through')).not.toBeNull();
    expect(calls.calls).toEqual([]);
  });
});
