import { EventEmitter2 } from '@nestjs/event-emitter';
import type { AuditRecord } from 'grantlog';
import type { QueryRunner } from 'typeorm';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { atRest, factOf, letReadersRead, mayRead, operationsOf, reader, readerRule } from './support/facts';
import { until, untilSo } from './support/until';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe("a caller's transaction that stays open", () => {
  let cluster: Cluster;
  let left: TestApp;
  let right: TestApp;
  const open: QueryRunner[] = [];
  const heard: string[] = [];
  beforeEach(async () => {
    cluster = await Cluster.create();
    left = await cluster.start();
    right = await cluster.start();
    heard.length = 0;
    for (const app of [left, right]) {
      app.nest.get(EventEmitter2).on('role_assignment.*', ({ subject }: AuditRecord) => heard.push(subject));
    }
    await letReadersRead(left);
    await left.assignments.assign(reader('standing'));
    await atRest(left, right);
  });
  afterEach(async () => {
    for (const runner of open.splice(0)) {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      await runner.release();
    }
    await cluster.end();
  });

  /** Begins a transaction in which a role is given and one is taken away. */
  async function openTransaction(app: TestApp, name: string): Promise<QueryRunner> {
    const runner = app.dataSource.createQueryRunner();
    open.push(runner);
    await runner.startTransaction();
    await app.assignments.assign(reader(name), { manager: runner.manager });
    return runner;
  }

  /** 250 changes in each round, by one batch and by single calls. */
  async function changeMuch(rounds: number, prefix = 'much'): Promise<void> {
    for (const round of times(rounds)) {
      const many = times(200).map((n) => reader(`${prefix}-${round}-${n}`));
      await left.assignments.assign(many);
      await Promise.all(times(50).map((n) => right.assignments.assign(reader(`${prefix}-${round}-single-${n}`))));
    }
  }

  it('blocks neither the relay nor readers nor memory; its record appears behind the others when it commits, and listeners hear it', async () => {
    const runner = await openTransaction(left, 'late');
    await left.assignments.remove(reader('standing'), { manager: runner.manager });
    await changeMuch(10);
    const during = await right.records();
    expect(during.filter(({ subject }) => subject === 'user^late')).toEqual([]);
    expect(during.length).toBeGreaterThanOrEqual(10 * 250 + 2);
    expect((await right.trail.find({ subject: 'user^much-9-single-49' })).items).toHaveLength(1);
    expect(await left.dataSource.query('SELECT FROM audit_outbox')).toEqual([]);
    for (const app of [left, right]) {
      await untilSo(() => mayRead(app, 'much-9-single-49'));
      expect([await mayRead(app, 'late'), await mayRead(app, 'standing')]).toEqual([false, true]);
      expect((await app.health.report()).status).toBe('green');
    }

    await runner.commitTransaction();
    for (const app of [left, right]) {
      await untilSo(() => mayRead(app, 'late'));
      await untilSo(async () => !(await mayRead(app, 'standing')));
    }
    const after = await right.records();
    expect(after.slice(0, during.length)).toEqual(during); // whoever had read by seq so far has missed nothing
    expect(after.slice(during.length).map(factOf)).toEqual([
      ['role_assignment.created', 'g', ...readerRule('late')],
      ['role_assignment.deleted', 'g', ...readerRule('standing')],
    ]);
    expect(after.map(({ seq }) => seq)).toEqual(after.map((_, at) => String(at + 1)));
    const moments = after.map(({ recordedAt }) => recordedAt);
    expect(moments).toEqual([...moments].sort());
    await until(
      () => heard.slice(-2),
      (last) => last.join() === 'user^late,user^standing',
    );
  });

  it('holds only those who want the same assignment, and when it rolls back it leaves nothing', async () => {
    const runner = await openTransaction(left, 'wanted');
    let answered = false;
    const same = right.assignments.assign(reader('wanted')).finally(() => (answered = true));
    await changeMuch(3);
    expect(answered).toBe(false);
    await runner.rollbackTransaction();
    expect(await same).toMatchObject({ changed: true });
    expect(await operationsOf(left, 'wanted')).toEqual(['created']);
  });

  it('together with others that end in another order than they began, is recorded in the order of the commits', async () => {
    const [first, second, third] = [
      await openTransaction(left, 'first'),
      await openTransaction(right, 'second'),
      await openTransaction(left, 'third'),
    ];
    for (const [runner, name] of [
      [third, 'third'],
      [first, 'first'],
      [second, 'second'],
    ] as const) {
      await changeMuch(1, `before-${name}`);
      await runner.commitTransaction();
      await left.records();
      expect(await operationsOf(left, name)).toEqual(['created']);
    }
    const order = (await left.records())
      .map(({ subject }) => subject)
      .filter((subject) => /\^(first|second|third)$/.test(subject));
    expect(order).toEqual(['user^third', 'user^first', 'user^second']);
  });
});
