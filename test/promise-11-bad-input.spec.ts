import { InvalidInputError, type RoleAssignment } from 'grantlog';
import { type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { type Answer, HttpCaller, LetsPass } from './support/http';
import { plainModel } from './support/models';

const good = { subject: 'user^42', role: 'role^reader', scope: 'lib^one' };
const key = (characters: number, character = 'x') => `user^${character.repeat(characters - 5)}`;

/** Values that no key can have. */
const badKeys: [string, unknown][] = [
  ['without a namespace', '42'],
  ['with an empty namespace', '^42'],
  ['that is a namespace alone', 'user^'],
  ['of 256 characters', key(256)],
  ['of 256 emoji', key(256, '😀')],
  ['of 10,000 characters', key(10_000)],
  ['with a line break', 'user^4\n2'],
  ['with a C1 control character', 'user^\u0085'],
  ['with DEL', 'user^\u007f'],
  ['with NUL', 'user^4\u00002'],
  ['that is empty', ''],
];
/** Values that JSON and JavaScript can carry and a query string cannot. */
const badValues: [string, unknown][] = [
  ['with half a character', 'user^\ud83d'],
  ['that is null', null],
  ['that is a number', 42],
  ['that is a list', ['user^42']],
  ['that is an object', { id: 'user^42' }],
];
const badMoments = [
  ...['yesterday', '', '0', '2026', '2026-02-30', '2026-13-01', '2026-01-01T25:00:00Z', '2026-01-01T10:00:00'],
  ...['2026-01-01T10:00:00.1234567Z', '2026-01-01T10:00:00 01:00', '2026-01-01T10:00Z; SELECT 1', '0000-01-01'],
];
const text = (value: unknown) => encodeURIComponent(value as string);

describe('bad input is refused and changes nothing', () => {
  let cluster: Cluster;
  let app: TestApp;
  let caller: HttpCaller;
  let before: unknown;
  const others: Cluster[] = [];
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { http: { guards: [LetsPass] }, listeners: false } });
    caller = await HttpCaller.of(app);
    await app.enforcer.addPolicy('role^reader', 'act^read', '*');
    await app.assignments.assign([good, { ...good, subject: 'user^1' }, { ...good, role: 'role^admin' }]);
    before = await state(app);
  });
  afterEach(async () => {
    const [was, now] = [before, await state(app)];
    before = now; // one test that changes something does not fail the others
    expect(now).toEqual(was);
  });
  afterAll(() => Promise.all([cluster, ...others].map((one) => one.end())));

  async function another(): Promise<Cluster> {
    const other = await Cluster.create();
    others.push(other);
    return other;
  }

  /** Table, outbox, log and memory. */
  async function state({ dataSource, enforcer, relay }: TestApp): Promise<unknown> {
    await relay.drained();
    return Promise.all([
      dataSource.query(`SELECT casbin_rule::text FROM casbin_rule ORDER BY id`),
      dataSource.query(`SELECT audit_outbox::text FROM audit_outbox ORDER BY outbox_id`),
      dataSource.query(`SELECT audit_record::text FROM audit_record ORDER BY seq`),
      dataSource.query(`SELECT audit_head::text FROM audit_head`),
      enforcer.getPolicy(),
      enforcer.getGroupingPolicy(),
    ]);
  }

  function refused({ status, body }: Answer, field: string): void {
    const shape = {
      statusCode: 400,
      code: 'INVALID_INPUT',
      field,
      message: expect.stringMatching(`^.{${field.length},}`),
    };
    expect({ status, body }).toStrictEqual({ status: 400, body: shape });
    expect(body.message.length).toBeLessThan(400);
  }

  async function throwsFor(call: () => Promise<unknown>, field: string | RegExp): Promise<void> {
    const error = await call().then(
      (answer) => answer,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).field).toMatch(field);
  }

  describe('in a query', () => {
    const lists = ['/authz/audit-records', '/authz/role-assignments'];
    const cursorOf = async (url: string): Promise<string> => (await caller.get(url)).body.nextCursor;

    it.each(badKeys)('a key %s', async (_, value) => {
      for (const field of ['subject', 'role', 'scope', 'actor']) {
        refused(await caller.get(`/authz/audit-records?${field}=${text(value)}`), field);
        if (field !== 'actor') refused(await caller.get(`/authz/role-assignments?${field}=${text(value)}`), field);
      }
    });

    it.each([
      ...['limit=0', 'limit=201', 'limit=-1', 'limit=1.5', 'limit=abc', 'limit=', 'limit=1&limit=2'],
      ...['scopeNamespace=lib%5Eone', 'scopeNamespace=', 'scopeNamespace=a%00', `scopeNamespace=${'x'.repeat(256)}`],
      ...[
        'subject=user%5E1&subject=user%5E2',
        'unknown=1',
        'Subject=user%5E1',
        'subject[]=user%5E1',
        'offset=5',
        '__proto__=1',
      ],
      ...['cursor=', 'cursor=garbage', `cursor=${'A'.repeat(5_000)}`, 'cursor=a&cursor=b', 'cursor=%00'],
    ])('a list with %s', async (query) => {
      const [field = ''] = query.split('=');
      for (const list of lists) refused(await caller.get(`${list}?${query}`), field);
      if (/^(limit|cursor|unknown)/.test(query)) refused(await caller.get(`/authz/parked?${query}`), field);
    });

    it.each([
      ...['subjectPrefix=', 'subjectPrefix=%00', `scopePrefix=${'x'.repeat(256)}`, 'scopePrefix=a%0Ab'],
      ...[
        'requestId=',
        'requestId=%00',
        'operationId=1',
        'operationId=',
        'type=nonsense',
        'operation=',
        'outcome=maybe',
      ],
      ...badMoments.flatMap((moment) => [`from=${text(moment)}`, `to=${text(moment)}`]),
    ])('records with %s', async (query) => {
      refused(await caller.get(`/authz/audit-records?${query}`), query.split('=')[0] ?? '');
    });

    it('a cursor of another query, and of another list', async () => {
      for (const list of lists) {
        const cursor = await cursorOf(`${list}?limit=1&subject=user%5E42`);
        for (const other of ['', '&subject=user%5E1', '&role=role%5Ereader', '&subject=user%5E42&scopeNamespace=lib']) {
          refused(await caller.get(`${list}?limit=1${other}&cursor=${cursor}`), 'cursor');
        }
      }
      const records = await cursorOf('/authz/audit-records?limit=1');
      for (const list of ['/authz/role-assignments', '/authz/parked']) {
        refused(await caller.get(`${list}?cursor=${records}`), 'cursor');
      }
    });

    it('a cursor that was tampered with', async () => {
      for (const list of lists) {
        const [, ...query] = JSON.parse(Buffer.from(await cursorOf(`${list}?limit=1`), 'base64url').toString());
        for (const place of ['9'.repeat(18), '9'.repeat(30), -1, null, "1' OR true"]) {
          const cursor = Buffer.from(JSON.stringify([place, ...query])).toString('base64url');
          const answer = await caller.get(`${list}?cursor=${cursor}`);
          if (place !== '9'.repeat(18)) refused(answer, 'cursor');
          else expect([200, 400]).toContain(answer.status); // as large as a bigint may be: beyond the end, or refused
        }
      }
    });

    it('a path with a malformed id is 400, with an unknown one 404', async () => {
      refused(await caller.get('/authz/audit-records/7'), 'id');
      refused(await caller.get('/authz/audit-records/%00'), 'id');
      refused(await caller.post('/authz/parked/seven/retry', undefined), 'id');
      expect((await caller.get('/authz/audit-records/01900000-0000-7000-8000-000000000000')).status).toBe(404);
      expect((await caller.post('/authz/parked/7/retry', undefined)).status).toBe(404);
    });

    it.each([
      ['action=a&scope=b', 'subject'],
      ['subject=a&scope=b', 'action'],
      ['subject=a&action=b', 'scope'],
      ['subject=a&action=b&scope=c&scope=d', 'scope'],
      ['subject=a&action=b&scope=c&act=d', 'act'],
    ])('enforce with %s', async (query, field) => refused(await caller.get(`/authz/enforce?${query}`), field));

    it('an unknown parameter where there are none', async () => {
      const id = (await caller.get('/authz/audit-records?limit=1')).body.items[0].id as string;
      refused(await caller.get('/authz/health?unknown=1'), 'unknown');
      refused(await caller.get(`/authz/audit-records/${id}?unknown=1`), 'unknown');
      refused(await caller.post('/authz/role-assignments?unknown=1', { assignments: [good] }), 'unknown');
    });
  });

  describe.each(['', '/remove'])('in a body to /authz/role-assignments%s', (verb) => {
    const post = (body: unknown) => caller.post(`/authz/role-assignments${verb}`, body);

    it.each([...badKeys, ...badValues])('a key %s', async (_, value) => {
      for (const field of ['subject', 'role', 'scope']) {
        const assignments = [
          { ...good, subject: 'user^new' },
          { ...good, [field]: value },
        ];
        refused(await post({ assignments }), `assignments[1].${field}`);
      }
    });

    it.each<[string, unknown, string]>([
      ['no assignments', {}, 'assignments'],
      ['an empty list', { assignments: [] }, 'assignments'],
      ['null', { assignments: null }, 'assignments'],
      ['an object instead of a list', { assignments: good }, 'assignments'],
      ['a list instead of the body', [good], 'body'],
      ['null in the list', { assignments: [good, null] }, 'assignments[1]'],
      ['text in the list', { assignments: ['user^42'] }, 'assignments[0]'],
      ['a list in the list', { assignments: [Object.values(good)] }, 'assignments[0]'],
      ['no scope', { assignments: [{ ...good, scope: undefined }] }, 'assignments[0].scope'],
      ['no subject', { assignments: [{ ...good, subject: undefined }] }, 'assignments[0].subject'],
      ['an unknown field', { assignments: [good], force: true }, 'force'],
      ['an unknown field of one', { assignments: [{ ...good, actor: 'user^1' }] }, 'assignments[0].actor'],
      ['a reason of 2,001 characters', { assignments: [good], reason: 'x'.repeat(2_001) }, 'reason'],
      ['a reason with NUL', { assignments: [good], reason: 'a\u0000' }, 'reason'],
      ['half a character as reason', { assignments: [good], reason: '\udc00' }, 'reason'],
      ['a number as reason', { assignments: [good], reason: 1 }, 'reason'],
    ])('%s', async (_, body, field) => refused(await post(body), field));

    // The host's own body parser answers these, before any route is known, in the host's own words.
    it.each(['{"assignments": [', 'null', '"text"'])('what is not a JSON object: %p', async (body) => {
      const { status } = await caller.send('POST', `/authz/role-assignments${verb}`, body);
      expect(status).toBe(400);
    });
  });

  describe('of the service', () => {
    it.each([...badKeys, ...badValues])('a key %s', async (_, value) => {
      const { assignments, trail } = app;
      for (const field of ['subject', 'role', 'scope'] as const) {
        const bad = { ...good, [field]: value } as RoleAssignment;
        await throwsFor(() => assignments.assign(bad), `assignment.${field}`);
        await throwsFor(() => assignments.remove([good, bad]), `assignments[1].${field}`);
        for (const call of ['removeAll', 'find', 'findPage'] as const) {
          await throwsFor(() => assignments[call]({ [field]: value }), new RegExp(`${field}$`));
        }
      }
      for (const field of ['subject', 'role', 'scope', 'actor'] as const) {
        await throwsFor(() => trail.find({ [field]: value }), field);
      }
    });

    it.each<[string, () => Promise<unknown>, string | RegExp]>([
      ['an empty filter', () => app.assignments.removeAll({}), 'filter'],
      ['a filter of undefined', () => app.assignments.removeAll({ subject: undefined }), 'filter'],
      ['no filter', () => app.assignments.removeAll(null as never), 'filter'],
      ['a list as filter', () => app.assignments.removeAll([good] as never), 'filter'],
      ['a misspelt filter', () => app.assignments.removeAll({ role: good.role, subjct: 'user^1' } as never), 'subjct'],
      ['a misspelt query of assignments', () => app.assignments.findPage({ subjct: 'user^1' } as never), 'subjct'],
      ['a misspelt query of records', () => app.trail.find({ subjct: 'user^1' } as never), 'subjct'],
      ['no query', () => app.trail.find(null as never), 'query'],
      ['an unknown type', () => app.trail.find({ type: 'nonsense' as never }), 'type'],
      ['NUL as operation', () => app.trail.find({ operation: '\u0000' as never }), 'operation'],
      ['null as outcome', () => app.trail.find({ outcome: null as never }), 'outcome'],
      ['no assignment', () => app.assignments.assign(undefined as never), 'assignment'],
      ['null', () => app.assignments.assign([good, null as never]), 'assignments[1]'],
      ['text', () => app.assignments.remove('user^42' as never), 'assignment'],
      ['no scope', () => app.assignments.assign({ subject: 'user^new', role: 'role^reader' }), 'assignment.scope'],
      ['100,001 assignments', () => app.assignments.assign(Array<RoleAssignment>(100_001).fill(good)), 'assignments'],
      ['100,001 removals', () => app.assignments.remove(Array<RoleAssignment>(100_001).fill(good)), 'assignments'],
      ['a long reason', () => app.assignments.assign(good, { reason: 'x'.repeat(2_001) }), 'reason'],
      ['a number as reason', () => app.assignments.remove(good, { reason: 7 as never }), 'reason'],
      ...[0, 201, 1.5, NaN, '5', null].map((limit): [string, () => Promise<unknown>, string] => [
        `the limit ${limit}`,
        () => app.trail.find({ limit: limit as number }),
        'limit',
      ]),
      ['a number as cursor', () => app.trail.find({ cursor: 5 as never }), 'cursor'],
      ['garbage as cursor', () => app.assignments.findPage({ cursor: 'garbage' }), 'cursor'],
      ['an id that is no UUID', () => app.trail.get('1'), 'id'],
      ['null as a moment', () => app.trail.find({ from: null as never }), 'from'],
      ['a parked id that is no number', () => app.followers.retry('x'), 'id'],
    ])('%s', async (_, call, field) => throwsFor(call, field));

    it.each([
      ['a number that PostgreSQL would take for a key', [1], /^rules\[0\]\[0\]$/],
      ['half a character, which would be stored as another', ['a\ud800', 'b', 'c'], /^rules\[0\]\[0\]$/],
      ['nothing', ['a', undefined, 'c'], /^rules\[0\]\[1\]$/],
      ['more values than the table has columns', ['1', '2', '3', '4', '5', '6', '7', '8'], /^rules\[0\]$/],
    ])('a rule to remove with %s', async (_, values, field) => {
      const rule = values as string[];
      await throwsFor(() => app.enforcer.removeGroupingPolicy(...rule), field);
      await throwsFor(() => app.enforcer.removePolicy(...rule), field);
      await throwsFor(() => app.enforcer.removePolicies([rule]), field);
    });

    it('an empty list changes nothing and says so', async () => {
      expect(await app.assignments.assign([])).toEqual({ changed: false, events: [] });
      expect(await app.assignments.remove([])).toEqual({ changed: false, events: [] });
    });

    it('a key of 255 emoji is kept whole, and three of them are refused by name if they do not fit together', async () => {
      const emoji = { subject: key(255, '😀'), role: 'role^reader', scope: 'lib^emoji' };
      const other = await another();
      const node = await other.start({ grantlog: { http: { guards: [LetsPass] } } });
      const { assignments } = node;
      expect((await assignments.assign(emoji)).changed).toBe(true);
      expect(await assignments.find({ subject: emoji.subject })).toEqual([emoji]);
      expect((await node.trail.find({ subject: (await node.records())[0]?.subject })).items).toMatchObject([emoji]);
      const wide = { subject: key(255, '😁'), role: key(255, '😂'), scope: key(255, '😃') };
      await throwsFor(() => assignments.assign([emoji, wide]), 'assignments[1]');
      const answer = await (await HttpCaller.of(node)).post('/authz/role-assignments', { assignments: [wide] });
      refused(answer, 'assignments[0]');
      expect(await node.records()).toHaveLength(1);
    });

    it('a scope in a model without scopes, and a misspelt one', async () => {
      const other = await another();
      const { assignments, records } = await other.start({ grantlog: { model: plainModel() } });
      await throwsFor(() => assignments.assign(good), 'assignment.scope');
      await throwsFor(() => assignments.remove([good]), 'assignments[0].scope');
      await throwsFor(() => assignments.removeAll({ scope: 'lib^one' }), 'filter.scope');
      await throwsFor(() => assignments.removeAll({ scope: '*' }), 'filter');
      expect(await records()).toEqual([]);
      expect((await assignments.assign({ subject: 'user^1', role: 'role^a', scope: '*' })).changed).toBe(true);
      await throwsFor(
        () => assignments.assign({ subject: 'user^1', role: 'role^a', scop: 'lib^one' } as never),
        'scop',
      );
      expect(await records()).toHaveLength(1);
    });
  });
});
