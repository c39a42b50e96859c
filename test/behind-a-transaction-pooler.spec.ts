import { Logger } from '@nestjs/common';
import EventEmitter2 from 'eventemitter2';
import type { AuditRecord } from 'grantlog';
import type { EntityManager } from 'typeorm';
import { type TestApp } from './support/app';
import { everyCase, start } from './support/audited-calls';
import { foldOf } from './support/casbin-state';
import { Cluster } from './support/cluster';
import { atRest, reader, readerRule, rulesIn } from './support/facts';
import { Stranger } from './support/stranger';
import { TransactionPooler } from './support/transaction-pooler';
import { untilSo } from './support/until';

const changedMind = new Error('the caller changed its mind');
const readers = (name: string, count: number) => Array.from({ length: count }, (_, at) => reader(`${name}-${at}`));
const sorted = (rules: readonly (readonly string[])[]): string[] => rules.map((rule) => rule.join()).sort();

/** What a session keeps, and the next client of the same connection would find. LISTEN may be tried: who hears nothing, looks. */
const leftInSessions = [
  /(^|;)\s*SET\s+(?!LOCAL\b|TRANSACTION\b)/i,
  /set_config\s*\([^;]*,\s*false\s*\)/i,
  /pg_(try_)?advisory_(lock|unlock)/i,
  /\bTEMP(ORARY)?\s+(TABLE|VIEW|SEQUENCE)/i,
  /(^|;)\s*(PREPARE|LOAD|DISCARD)\b/i,
  /\bWITH\s+HOLD\b/i,
];

describe('behind a pooler that gives a connection for a transaction only', () => {
  let cluster: Cluster;
  let pooler: TransactionPooler;
  let stranger: Stranger;
  let nodes: readonly [TestApp, TestApp];
  let heard: string[];
  let errors: jest.SpyInstance;
  let warnings: jest.SpyInstance;

  /** Two nodes that share `connections`. `GRANTLOG_TEST_POOLER` names another pooler, in front of the server of the tests. */
  async function startNodes(connections: number): Promise<void> {
    cluster = await Cluster.create();
    stranger = await Stranger.connect(cluster.database.url);
    pooler = await TransactionPooler.start(cluster.database.url, connections);
    const own = process.env.GRANTLOG_TEST_POOLER;
    const url = own ? new URL(`/${cluster.database.name}`, own).href : pooler.url;
    errors = jest.spyOn(Logger.prototype, 'error');
    warnings = jest.spyOn(Logger.prototype, 'warn');
    heard = [];
    const emitter = new EventEmitter2({ wildcard: true });
    emitter.on('**', ({ seq }: AuditRecord) => heard.push(seq));
    const node = () => cluster.start({ url, poolSize: 20, grantlog: { listeners: { emitter, backoff: 1 } } });
    nodes = [await node(), await node()];
  }
  afterEach(async () => {
    jest.restoreAllMocks();
    await stranger.end();
    await cluster.end();
    await pooler.end();
  }, 60_000);

  /** Log, table and the memory of both nodes say the same, and every record was heard. */
  async function allAgree(): Promise<void> {
    await atRest(...nodes);
    const records = await nodes[0].records();
    const table = sorted(await rulesIn(nodes[1].dataSource));
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => String(at + 1)));
    expect(sorted(foldOf(records))).toEqual(table);
    for (const { enforcer } of nodes) {
      const known = ['p', 'g', 'g2'].map((ptype) => enforcer.getModel().getPolicy(ptype.slice(0, 1), ptype));
      const rules = known.flatMap((of, at) => of.map((rule) => [['p', 'g', 'g2'][at] ?? '', ...rule]));
      expect(sorted(rules)).toEqual(table);
    }
    await Promise.all(nodes.map(({ followers }) => followers.settled()));
    await untilSo(async () => (await nodes[0].followers.health()).every(({ lag }) => lag === 0));
    expect([...new Set(heard)]).toEqual(records.map(({ seq }) => seq));
  }

  const inTransaction = ({ dataSource }: TestApp, work: (manager: EntityManager) => Promise<unknown>) =>
    dataSource.transaction(work).catch((error: unknown) => {
      if (error !== changedMind) throw error;
    });

  /** Transactions of callers: one commits, one is rolled back, and one is rolled back to a savepoint. */
  async function transactions(node: TestApp, name: string): Promise<void> {
    const { assignments, enforcer } = node;
    await Promise.all([
      inTransaction(node, (manager) => assignments.assign(readers(`${name}-commits`, 3), { manager })),
      inTransaction(node, async (manager) => {
        await assignments.assign(readers(`${name}-goes`, 3), { manager });
        throw changedMind;
      }),
      inTransaction(node, async (manager) => {
        await assignments.assign(reader(`${name}-outside`), { manager });
        await manager
          .transaction(async (inner) => {
            await assignments.assign(reader(`${name}-inside`), { manager: inner });
            throw changedMind;
          })
          .catch(() => undefined);
        await assignments.remove(reader(`${name}-outside`), { manager });
      }),
      enforcer.addGroupingPolicies([readerRule(`${name}-all`), readerRule(`${name}-or-none`)]),
    ]);
  }

  async function changesOfEveryKind(node: TestApp, other: TestApp, name: string): Promise<void> {
    const { assignments } = node;
    await assignments.assign(reader(`${name}-alone`), { reason: 'alone' });
    await assignments.remove(reader(`${name}-alone`));
    await Promise.all(readers(`${name}-together`, 40).map((one) => assignments.assign(one)));
    await Promise.all(readers('shared', 20).flatMap((one) => [assignments.assign(one), other.assignments.remove(one)]));
    await assignments.assign(readers(`${name}-batch`, 300));
    await assignments.removeAll({ subject: `user^${name}-batch-7` });
    await transactions(node, name);
  }

  async function everyCasbinCall({ enforcer }: TestApp): Promise<void> {
    for (const [ptype = '', ...rule] of start) {
      if (ptype === 'p') await enforcer.addPolicy(...rule);
      else await enforcer.addNamedGroupingPolicy(ptype, ...rule);
    }
    for (const [, { call }] of everyCase) await call(enforcer);
    await enforcer.loadPolicy();
    await enforcer.savePolicy();
  }

  it.each([1, 3])(
    'that has %i of them everything works, and nothing is left in a session',
    async (connections) => {
      await startNodes(connections);
      await Promise.all([changesOfEveryKind(nodes[0], nodes[1], 'a'), changesOfEveryKind(nodes[1], nodes[0], 'b')]);
      await Promise.all(nodes.map(everyCasbinCall));
      await allAgree();
      const pages: string[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await nodes[1].trail.find({ limit: 200, cursor: cursor ?? undefined });
        pages.push(...page.items.map(({ seq }) => seq));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(pages.reverse()).toEqual((await nodes[0].records()).map(({ seq }) => seq));
      const found = await nodes[1].assignments.find({ role: 'role^reader' });
      const assigned = (await rulesIn(nodes[0].dataSource)).filter(
        ([ptype, , role]) => ptype === 'g' && role === 'role^reader',
      );
      expect(found).toHaveLength(assigned.length);
      for (const { health } of nodes) expect((await health.report()).problems).toEqual([]);
      expect(errors.mock.calls).toEqual([]);
      const said = warnings.mock.calls
        .map(([warning]) => String(warning))
        .filter((one) => !/append-only|data source with the default name/.test(one));
      expect(said.length).toBeGreaterThan(0);
      expect(said.length).toBeLessThanOrEqual(nodes.length); // each says it once
      expect(said.filter((warning) => !warning.includes('preparedStatements: false'))).toEqual([]);

      const left = [...pooler.statements].filter((sql) => leftInSessions.some((pattern) => pattern.test(sql)));
      expect(left).toEqual([]);
      const held = `SELECT pid FROM pg_locks JOIN pg_database ON oid = database AND datname = current_database() WHERE locktype = 'advisory'`;
      expect(await stranger.query(held)).toEqual([]);
      expect(await stranger.query(`SELECT relname FROM pg_class WHERE relpersistence = 't'`)).toEqual([]);
    },
    120_000,
  );

  it('what one client leaves in its session, it loses and another one finds', async () => {
    await startNodes(1);
    const [one, other] = [await Stranger.connect(pooler.url), await Stranger.connect(pooler.url)];
    await one.query(`SET application_name = 'left behind'`);
    expect(await other.query('SHOW application_name')).toEqual([{ application_name: 'left behind' }]);
    await one.client.query({ name: 'same', text: 'SELECT 1' });
    await expect(other.client.query({ name: 'same', text: 'SELECT 2' })).rejects.toMatchObject({ code: '42P05' });
    await Promise.all([one.end(), other.end()]);
  });

  it('no harm is done when the server ends its connections again and again', async () => {
    await startNodes(3);
    const outcomes = new Set<unknown>();
    let answered = 0;
    let ending = false;
    const caller = async ({ assignments }: TestApp, name: string): Promise<void> => {
      for (let n = 0; !ending; n += 1) {
        const list = n % 5 === 4 ? readers(`${name}-${n}`, 50) : reader(`${name}-${n}`);
        await assignments.assign(list).then(
          () => (answered += 1),
          (error: unknown) => outcomes.add((error as { code?: unknown }).code),
        );
      }
    };
    const calling = nodes.flatMap((node, at) => ['x', 'y', 'z'].map((name) => caller(node, `${name}${at}`)));
    const more = (calls: number) => {
      const enough = answered + calls;
      return untilSo(() => answered >= enough);
    };
    for (let losses = 0; losses < 20; losses += 1) {
      await more(20);
      await stranger.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    }
    await more(40); // by then everybody knows of the last loss
    ending = true;
    await Promise.all(calling);
    await allAgree();
    expect([...outcomes].filter((code) => code !== 'OUTCOME_UNKNOWN')).toEqual([]);
    for (const { health } of nodes) expect((await health.report()).status).toBe('green');
  }, 120_000);
});
