import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import EventEmitter2 from 'eventemitter2';
import { adoptRules, type AuditRecord, type GrantlogOptions, PolicyImport, RecordedReads, runAs } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { atRest, rulesIn } from './support/facts';
import { HttpCaller } from './support/http';
import { untilSo } from './support/until';

/** Believes whoever says who they are. */
@Injectable()
class Believes implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user: unknown }>();
    if (request.headers['x-user'] !== undefined) request.user = { id: request.headers['x-user'] };
    return true;
  }
}

const http = { guards: [Believes] };
const list = '/authz/audit-records';

describe('records of reading', () => {
  let cluster: Cluster;
  let app: TestApp;
  let nobody: HttpCaller;
  const heard: AuditRecord[] = [];
  const emitter = new EventEmitter2({ wildcard: true });
  const as = (user: string, caller = nobody): HttpCaller => caller.with({ 'x-user': user });
  const start = (grantlog: Partial<GrantlogOptions> = {}): Promise<TestApp> =>
    cluster.start({ grantlog: { http, recordReads: true, listeners: false, ...grantlog } });

  beforeEach(async () => {
    cluster = await Cluster.create();
    heard.length = 0;
    emitter.removeAllListeners();
    emitter.on('audit.*', (record: AuditRecord) => heard.push(record));
    app = await start({ listeners: { emitter } });
    nobody = await HttpCaller.of(app);
    await app.assignments.assign(
      ['a', 'b', 'c'].map((name) => ({ subject: `user^${name}`, role: 'role^r', scope: 'lib^1' })),
    );
    await app.relay.drained();
  });
  afterEach(() => cluster.end());

  const reads = async (): Promise<AuditRecord[]> =>
    (await app.records()).filter(({ operation }) => operation === 'read' || operation === 'exported');
  /** An hour passes for what is recorded; processes that remember are new ones. */
  const letAnHourPass = async (): Promise<void> => {
    await app.relay.drained();
    await app.dataSource.query('ALTER TABLE audit_record DISABLE TRIGGER audit_record_append_only');
    await app.dataSource.query(
      `UPDATE audit_record SET occurred_at = occurred_at - interval '1 hour', recorded_at = recorded_at - interval '1 hour'`,
    );
    await app.dataSource.query('ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_append_only');
  };

  it('tell who read what, from where, before the answer', async () => {
    const caller = as('7').with({ 'x-request-id': 'request-1', 'user-agent': 'test' });
    const page = await caller.get(`${list}?scope=lib%5E1&limit=2`);
    expect(page.body.items).toHaveLength(2);
    const [read, ...others] = await reads();
    expect(others).toEqual([]);
    expect(read).toMatchObject({
      type: 'audit.read',
      operation: 'read',
      outcome: 'success',
      actor: 'user^7',
      subject: 'audit^records',
      role: null,
      scope: null,
      reason: null,
      requestId: 'request-1',
      sourceIp: '127.0.0.1',
      userAgent: 'test',
      details: { query: { scope: 'lib^1' } },
    });
    await app.followers.settled();
    expect(heard).toEqual([read]);
  });

  it('are one for each viewer and query, not for each page or limit', async () => {
    const first = await as('7').get(`${list}?role=role%5Er&limit=1`);
    await as('7').get(`${list}?role=role%5Er&limit=1&cursor=${first.body.nextCursor}`);
    await as('7').get(`${list}?limit=200&role=role%5Er`);
    await as('8').get(`${list}?role=role%5Er`);
    await as('7').get(`${list}?role=role%5Er&scope=lib%5E1`);
    await as('7').get(`${list}?scope=lib%5E1&role=role%5Er`);
    await nobody.get(`${list}?role=role%5Er`);
    await nobody.get(`${list}?role=role%5Er`);
    const told = (await reads()).map(({ actor, details }) => [actor, details.query]);
    expect(told).toEqual([
      ['user^7', { role: 'role^r' }],
      ['user^8', { role: 'role^r' }],
      ['user^7', { role: 'role^r', scope: 'lib^1' }],
      [null, { role: 'role^r' }],
    ]);
  });

  it('are also of one record, of exports, histories and explanations, and not of what is there now', async () => {
    const [record] = (await app.trail.find({ limit: 1 })).items;
    const asOf = record?.recordedAt ?? '';
    for (const path of [
      `${list}/${record?.id}`,
      `${list}/${record?.id?.toUpperCase()}`,
      `${list}/export?format=csv`,
      `${list}/export?format=ndjson`,
      '/authz/role-assignments/history?subject=user%5Ea',
      '/authz/explain?subject=user%5Ea&action=act%5Ex&scope=lib%5E1',
      `/authz/role-assignments?asOf=${asOf}&limit=1`,
      `/authz/role-assignments?asOf=${asOf}`,
      '/authz/role-assignments',
      '/authz/enforce?subject=user%5Ea&action=act%5Ex&scope=lib%5E1',
      '/authz/parked',
      '/authz/health',
    ]) {
      expect([path, (await as('7').get(path)).status]).toEqual([path, 200]);
    }
    expect((await reads()).map(({ type, subject, details }) => [type, subject, details.query])).toEqual([
      ['audit.read', 'audit^records', { id: record?.id }],
      ['audit.exported', 'audit^records', { format: 'csv' }],
      ['audit.exported', 'audit^records', { format: 'ndjson' }],
      ['audit.read', 'audit^history', { subject: 'user^a' }],
      ['audit.read', 'audit^explanations', { subject: 'user^a', action: 'act^x', scope: 'lib^1' }],
      ['audit.read', 'audit^history', { asOf }],
    ]);
  });

  it('are not of what was refused or not found', async () => {
    for (const path of [
      `${list}?limit=0`,
      `${list}?from=yesterday`,
      `${list}?subject=nobody`,
      `${list}?cursor=forged`,
      `${list}/01900000-0000-7000-8000-000000000000`,
      `${list}/export?format=xml`,
      `${list}/export?format=csv&from=yesterday`,
      '/authz/role-assignments?asOf=yesterday',
    ]) {
      const { status } = await as('7').get(path);
      expect([path, status >= 400]).toEqual([path, true]);
    }
    expect(await reads()).toEqual([]);
  });

  it('cannot be avoided by a cursor that somebody else was given, or that was made up', async () => {
    const first = await as('7').get(`${list}?role=role%5Er&limit=1`);
    const behind = `${list}?role=role%5Er&cursor=${first.body.nextCursor}`;
    const [, print] = JSON.parse(Buffer.from(first.body.nextCursor, 'base64url').toString()) as string[];
    const forged = Buffer.from(JSON.stringify(['999', print])).toString('base64url');
    expect((await as('8').get(behind)).body.items).toHaveLength(2);
    expect((await as('9').get(`${list}?role=role%5Er&cursor=${forged}`)).body.items).toHaveLength(3);
    expect((await reads()).map(({ actor }) => actor)).toEqual(['user^7', 'user^8', 'user^9']);
  });

  it('come again after an hour, whatever the process remembers, and hold on every node', async () => {
    const other = await start();
    const nodes = [nobody, await HttpCaller.of(other)].map((caller) => as('7', caller));
    const everywhere = async (): Promise<void> => {
      const answers = await Promise.all(
        [...nodes, ...nodes, ...nodes].map((caller) => caller.get(`${list}?role=role%5Er`)),
      );
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    };
    await everywhere();
    expect(await reads()).toHaveLength(1);
    await everywhere();
    expect(await reads()).toHaveLength(1);
    await letAnHourPass();
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_001);
    await everywhere();
    jest.restoreAllMocks();
    expect(await reads()).toHaveLength(2);
  });

  it('are found in the outbox, too, while recording stands still', async () => {
    const lock = app.dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('SELECT FROM audit_head FOR UPDATE');
    const other = await start();
    for (const caller of [nobody, await HttpCaller.of(other)]) {
      expect((await as('7', caller).get(`${list}?role=role%5Er`)).status).toBe(200);
    }
    await lock.rollbackTransaction();
    await lock.release();
    expect(await reads()).toHaveLength(1);
  });

  it('come before anything is shown: what cannot be recorded is not', async () => {
    await app.dataSource.query('ALTER TABLE audit_outbox RENAME TO audit_outbox_away');
    for (const path of [list, `${list}/export?format=csv`]) {
      const { status, body } = await as('7').get(path);
      expect([path, status]).toEqual([path, 500]);
      expect(JSON.stringify(body)).not.toContain('user^a');
    }
    await app.dataSource.query('ALTER TABLE audit_outbox_away RENAME TO audit_outbox');
    expect((await as('7').get(list)).status).toBe(200);
    expect((await reads()).map(({ type }) => type)).toEqual(['audit.read']);
  });

  it('wait for nobody for long', async () => {
    const lock = app.dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('LOCK TABLE audit_outbox IN ACCESS EXCLUSIVE MODE');
    expect((await as('7').get(list)).status).toBe(500);
    await lock.rollbackTransaction();
    await lock.release();
  }, 20_000);

  it('are refused to nobody if nobody may act', async () => {
    const strict = await start({ onMissingActor: 'reject' });
    const caller = await HttpCaller.of(strict);
    expect(await caller.get(list)).toMatchObject({ status: 401, body: { code: 'MISSING_ACTOR' } });
    expect((await as('7', caller).get(list)).status).toBe(200);
  });

  it('are for pages of the host as well, and none without the option', async () => {
    const own = app.nest.get(RecordedReads);
    expect(own.areRecorded).toBe(true);
    await runAs('service^report', () => own.read('monthly-report', { month: 11, limit: 5, none: undefined }), {
      reason: 'audit',
    });
    expect(await reads()).toMatchObject([
      {
        actor: 'service^report',
        subject: 'audit^monthly-report',
        reason: 'audit',
        details: { query: { month: '11' } },
      },
    ]);
    const without = await start({ recordReads: false });
    expect(without.nest.get(RecordedReads).areRecorded).toBe(false);
    expect((await as('9', await HttpCaller.of(without)).get(list)).status).toBe(200);
    expect(await reads()).toHaveLength(1);
  });

  it('are no rules: memory, health, filters, listeners and a restart live with them', async () => {
    const held = async (node: TestApp): Promise<string[][]> =>
      (await node.enforcer.getGroupingPolicy()).map((rule) => ['g', ...rule]).sort();
    await as('7').get(list);
    await as('7').get(`${list}/export?format=csv`);
    await atRest(app);
    expect(await held(app)).toEqual((await rulesIn(app.dataSource)).sort());
    const other = await start();
    expect(await held(other)).toEqual(await held(app));
    await app.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^past', 'role^r', 'lib^1')`,
    );
    await adoptRules(app.dataSource);
    const adopted = (await app.records()).filter(({ reason }) => reason?.includes('adopt'));
    expect(adopted.map(({ subject }) => subject)).toEqual(['user^past']);
    await app.nest
      .get(PolicyImport)
      .import([{ ptype: 'g', values: ['user^imported', 'role^r', 'lib^1'] }], { source: 'test' });
    await untilSo(async () => (await app.health.report()).followers.every(({ lag }) => lag === 0));
    expect(await app.health.report()).toMatchObject({ problems: [], outbox: { depth: 0 }, parked: 0 });
    expect(heard.map(({ type }) => type)).toEqual(['audit.read', 'audit.exported']);
    for (const query of [
      'type=audit.read',
      'operation=read',
      'type=audit.exported',
      'operation=exported',
      'subject=audit%5Erecords&actor=user%5E7',
    ]) {
      expect((await as('9').get(`${list}?${query}`)).body.items.length).toBeGreaterThan(0);
    }
    const intervals = await app.dataSource.query('SELECT count(*)::int AS n FROM audit_interval');
    expect(intervals).toEqual([{ n: (await rulesIn(app.dataSource)).length }]);
  });

  it('are seen by those who see everything', async () => {
    await as('7').get(list);
    await app.relay.drained();
    expect((await app.trail.find({ type: 'audit.read' }, { visible: { namespaces: ['lib', 'audit'] } })).items).toEqual(
      [],
    );
    expect((await app.trail.find({ type: 'audit.read' }, { visible: { scopes: ['*'] } })).items).toHaveLength(1);
  });
});
