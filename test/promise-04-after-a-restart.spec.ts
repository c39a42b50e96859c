import type { RoleAssignmentChange } from 'grantlog';
import type { EntityManager } from 'typeorm';
import { startApp, type TestApp } from './support/app';
import { letReadersRead, mayRead, reader } from './support/facts';
import { OwnServer, type Replica } from './support/own-server';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

const many = 100_000;
const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

jest.setTimeout(90_000); // servers are made, copied and started again

/** Gives and takes roles, and looks again and again whether memory shows what was answered last. */
class Witness {
  /** What was to be shown and was not. */
  readonly faults: string[] = [];
  private readonly answers = { plain: 0, inTransaction: 0 };
  private readonly shown = new Map<string, boolean>();
  private working = true;
  private readonly work: Promise<unknown>;

  /** @param granted names that may read now, and are revoked one by one */
  constructor(
    private readonly app: TestApp,
    private readonly granted: string[],
  ) {
    this.work = Promise.all([this.change('plain'), this.change('inTransaction'), this.probe()]);
  }

  /** Resolves when so many more changes of either kind have been answered. */
  async goesOn(changes = 20): Promise<void> {
    const { plain, inTransaction } = this.answers;
    await untilSo(
      () => this.answers.plain >= plain + changes && this.answers.inTransaction >= inTransaction + changes / 4,
    );
  }

  /** Resolves when so many changes have been answered that nothing waited for. */
  async begins(changes = 10): Promise<void> {
    await untilSo(() => this.answers.plain >= changes);
  }

  async end(): Promise<void> {
    this.working = false;
    await this.work;
  }

  private async change(kind: keyof typeof this.answers): Promise<void> {
    for (let n = 0; this.working; n += 1) {
      const revoked = n % 2 === 1 ? this.granted.shift() : undefined;
      const name = revoked ?? `${kind}-${n}`;
      this.shown.delete(name);
      try {
        if (kind === 'plain') await this.make(name, revoked === undefined);
        else await this.makeInTransaction(name, revoked === undefined);
        this.shown.set(name, revoked === undefined);
        if (revoked === undefined) this.granted.push(name);
        this.answers[kind] += 1;
        this.look(name);
      } catch {
        await new Promise(setImmediate); // nobody knows what became of it
      }
    }
  }

  private make(name: string, isGrant: boolean, manager?: EntityManager): Promise<RoleAssignmentChange> {
    const { assignments } = this.app;
    return isGrant ? assignments.assign(reader(name), { manager }) : assignments.remove(reader(name), { manager });
  }

  private async makeInTransaction(name: string, isGrant: boolean): Promise<void> {
    const { token } = await this.app.dataSource.transaction((manager) => this.make(name, isGrant, manager));
    await this.app.enforcer.caughtUp(token, { timeout: 60_000 });
  }

  private async probe(): Promise<void> {
    while (this.working) {
      for (const name of [...this.shown.keys()].slice(-200)) this.look(name);
      await new Promise(setImmediate);
    }
  }

  private look(name: string): void {
    const wanted = this.shown.get(name);
    if (this.app.enforcer.enforceSync(`user^${name}`, 'act^read', '*') === wanted) return;
    this.faults.push(`${name} ${wanted ? 'has lost its role' : 'has its role again'}: ${JSON.stringify(this.answers)}`);
  }
}

describe('what was answered, and what caughtUp() has waited for, stays shown', () => {
  let server: OwnServer;
  let app: TestApp;
  const granted = times(40).map((n) => `gone-${n}`);
  beforeEach(async () => {
    server = await OwnServer.start();
  });
  afterEach(async () => {
    await app.close();
    await server.end();
  });

  /** A table that takes a while to load. */
  async function start(): Promise<void> {
    app = await startApp({ url: server.url, grantlog: { listeners: false } });
    await letReadersRead(app);
    await app.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2)
       SELECT 'g', 'user^bulk' || n, 'role^reader', 'lib^' || n FROM generate_series(1, $1::int) AS n`,
      [many],
    );
    await app.enforcer.loadPolicy();
    await app.assignments.assign(granted.map((name) => reader(name)));
    await app.records();
  }

  /** Witnesses until memory has followed what is there now, and a while longer. */
  async function followedBy(witness: Witness): Promise<void> {
    await witness.goesOn();
    await app.enforcer.caughtUp(undefined, { timeout: 60_000 });
    await witness.goesOn();
    await witness.end();
    expect(witness.faults.slice(0, 5)).toEqual([]);
    expect(await app.enforcer.hasGroupingPolicy(`user^bulk${many}`, 'role^reader', `lib^${many}`)).toBe(true);
  }

  it('while and after PostgreSQL is restarted under load', async () => {
    await start();
    const witness = new Witness(app, [...granted]);
    await witness.goesOn();
    await server.stop();
    await server.startAgain();
    await followedBy(witness);
  });

  describe('after a failover', () => {
    let replica: Replica;
    beforeEach(async () => {
      replica = await server.replica();
    });
    afterEach(async () => {
      await Promise.all([replica.feed.end(), replica.server.end()]);
    });

    /** Resolves when the replica has what the primary has. */
    async function replicated(there: Stranger): Promise<void> {
      const here = await Stranger.connect(server.directUrl);
      const [{ lsn } = {}] = await here.query<{ lsn?: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
      await here.end();
      const has = 'SELECT FROM pg_control_system() WHERE pg_last_wal_replay_lsn() >= $1::pg_lsn';
      await untilSo(async () => (await there.query(has, [lsn])).length > 0);
    }

    it('also by the ids of transactions that the lost server has given to others', async () => {
      await start();
      const there = await Stranger.connect(replica.server.directUrl);
      await replicated(there);
      await replica.feed.close();
      for (const n of times(500)) await app.assignments.assign(reader(`lost-${n}`));
      await app.enforcer.caughtUp();
      await there.query('SELECT pg_promote()');
      await there.hold('LOCK TABLE audit_head IN ACCESS EXCLUSIVE MODE'); // what is answered first, is so before any look
      server.address.lead(replica.server.port);
      server.address.cut();
      const witness = new Witness(app, [...granted]);
      await witness.begins();
      await there.end();
      await followedBy(witness);
      expect(await mayRead(app, 'lost-0')).toBe(false);
    });
  });
});
