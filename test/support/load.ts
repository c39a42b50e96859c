import EventEmitter2 from 'eventemitter2';
import { type AuditRecord, NotConnectedError, OutcomeUnknownError, ReadOnlyError } from 'grantlog';
import type { TestApp } from './app';
import { atRest, reader, readerRule, rulesIn } from './facts';
import { until } from './until';

const parts = ['a', 'b', 'c'];
const sorted = (rules: readonly (readonly string[])[]): string[] => rules.map((rule) => rule.join()).sort();

/** Callers that go on changing roles whatever happens: three assignments in each call, by themselves or in a transaction. */
export class Load {
  /** Names of calls that were answered. */
  readonly answered: string[] = [];
  /** What calls outside transactions were told instead. */
  readonly faults: unknown[] = [];
  private working = true;
  private readonly callers: Promise<void>[];

  constructor(apps: readonly TestApp[], callers = 4) {
    this.callers = apps.flatMap((app, node) =>
      Array.from({ length: callers }, (_, caller) => this.work(app, `${node}-${caller}`)),
    );
  }

  /** Resolves when so many more calls have been answered. */
  async goesOn(calls = 40): Promise<void> {
    const goal = this.answered.length + calls;
    await until(
      () => this.answered.length,
      (count) => count >= goal,
    );
  }

  async end(): Promise<void> {
    this.working = false;
    await Promise.all(this.callers);
  }

  private async work(app: TestApp, caller: string): Promise<void> {
    for (let call = 0; this.working; call += 1) {
      const name = `${caller}-${call}`;
      const assignments = parts.map((part) => reader(`${name}-${part}`));
      const inTransaction = call % 4 === 0;
      try {
        if (inTransaction)
          await app.dataSource.transaction((manager) => app.assignments.assign(assignments, { manager }));
        else await app.assignments.assign(assignments);
        this.answered.push(name);
      } catch (error) {
        if (!inTransaction) this.faults.push(error); // the other ones are between the host and TypeORM
        await new Promise(setImmediate);
      }
    }
  }
}

/** A node's listener, which remembers what it heard. */
export class Heard {
  readonly ids = new Set<string>();
  readonly emitter = new EventEmitter2({ wildcard: true });

  constructor() {
    this.emitter.on('role_assignment.*', ({ id }: AuditRecord) => void this.ids.add(id));
  }
}

/** Every caller was told clearly; each call is in the table as a whole or not at all, and in the log likewise. */
export async function expectNothingHalfDone(load: Load, apps: readonly [TestApp, ...TestApp[]]): Promise<void> {
  const clear = [OutcomeUnknownError, NotConnectedError, ReadOnlyError];
  expect(load.faults.filter((fault) => !clear.some((kind) => fault instanceof kind))).toEqual([]);
  await atRest(...apps);
  const table = (await rulesIn(apps[0].dataSource)).filter(([ptype]) => ptype === 'g').map(([, ...rule]) => rule);
  const records = (await apps[0].records()).filter(
    ({ type, outcome }) => type === 'role_assignment.created' && outcome === 'success',
  );
  expect(sorted(records.map(({ details }) => details.rule ?? []))).toEqual(sorted(table));
  const present = new Set(table.map(([subject]) => subject));
  const of = (name: string): boolean[] => parts.map((part) => present.has(readerRule(`${name}-${part}`)[0]));
  for (const name of load.answered) expect({ name, there: of(name) }).toEqual({ name, there: [true, true, true] });
  const names = new Set(
    [...present].flatMap((subject) => /^user\^(\d+-\d+-\d+)-[abc]$/.exec(subject ?? '')?.[1] ?? []),
  );
  for (const name of names) expect({ name, there: of(name) }).toEqual({ name, there: [true, true, true] });
  for (const app of apps) expect(sorted(await app.enforcer.getGroupingPolicy())).toEqual(sorted(table));
}

/** The log tells of exactly the assignments that are in the table; nothing is left in the outbox. */
export async function expectLogIsTable(app: TestApp): Promise<void> {
  const folded = new Set<string>();
  for (const { operation, outcome, details } of await app.records()) {
    if (outcome !== 'success' || !details.rule) continue;
    if (operation === 'created') folded.add(details.rule.join());
    else folded.delete(details.rule.join());
  }
  const table = (await rulesIn(app.dataSource)).map(([, ...rule]) => rule.join());
  expect([...folded].sort()).toEqual(table.sort());
  expect(await app.dataSource.query('SELECT FROM audit_outbox')).toEqual([]);
}

/** Each record was heard by the listeners of one of the nodes. */
export async function expectAllHeard(app: TestApp, ...heard: readonly Heard[]): Promise<void> {
  const changes = (await app.records()).filter(
    ({ type, outcome }) => type.startsWith('role_') && outcome === 'success',
  );
  const ids = changes.map(({ id }) => id);
  await until(
    () => ids.filter((id) => !heard.some((one) => one.ids.has(id))).length,
    (missing) => missing === 0,
  );
}
