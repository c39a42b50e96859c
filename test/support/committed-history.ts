import fc from 'fast-check';
import { CommittedMemory } from '../../libs/grantlog/src/memory/committed-memory';
import { IndexedModel } from '../../libs/grantlog/src/policy/indexed-model';
import { PolicyMemory } from '../../libs/grantlog/src/policy/policy-memory';
import { Position } from '../../libs/grantlog/src/database/position';
import { Rule } from '../../libs/grantlog/src/rules/rule';
import type { RuleChange } from '../../libs/grantlog/src/rules/rule-change';
import { plainModel } from './models';

interface Transaction {
  readonly xid: bigint;
  readonly own: boolean;
  readonly changes: RuleChange[];
}

interface Reading {
  readonly position: Position;
  readonly rules: readonly Rule[];
  readonly changes: readonly RuleChange[];
}

const keys = [0, 1, 2];
const ruleOf = (key: number): Rule => new Rule('g', [`user^${key}`, 'role^reader']);

/** One PostgreSQL and one node of the app, reduced to what is visible when, so that every order can be tried. */
class History {
  private readonly table = new Set<number>();
  private readonly open: Transaction[] = [];
  private readonly committed: Transaction[] = [];
  private readonly answers: RuleChange[][] = [];
  /** The latest change of each rule that the node has heard of. */
  private readonly heard = new Map<string, bigint>();
  private reading: Reading | undefined;
  private nextXid = 100n;
  private latestEnded = 99n;
  private nextOutboxId = 1n;
  private readonly model = new IndexedModel(plainModel());
  private readonly memory = new CommittedMemory(new PolicyMemory({ model: this.model, links: new Map() }));

  /** A transaction turns a rule that nobody has locked over, `times` times. */
  write(key: number, times: number, own: boolean): void {
    if (this.open.some(({ changes }) => changes.some(({ rule }) => rule.values[0] === `user^${key}`))) return;
    const xid = (this.nextXid += 1n);
    const changes = Array.from({ length: own ? 1 : times }, (_, n): RuleChange => {
      const operation = this.table.has(key) === (n % 2 === 0) ? 'deleted' : 'created';
      return { outboxId: (this.nextOutboxId += 1n), xid: `${xid}`, operation, rule: ruleOf(key) };
    });
    this.open.push({ xid, own, changes });
  }

  end(at: number, commits: boolean): void {
    const [transaction] = this.open.splice(at % (this.open.length || 1), 1);
    if (!transaction) return;
    if (transaction.xid > this.latestEnded) this.latestEnded = transaction.xid;
    if (!commits) return;
    this.committed.push(transaction);
    for (const { operation, rule } of transaction.changes) {
      const key = Number(rule.values[0]?.slice('user^'.length));
      if (operation === 'created') this.table.add(key);
      else this.table.delete(key);
    }
    if (transaction.own) this.answers.push(transaction.changes);
  }

  /** A statement reads: what it sees is settled now and arrives later. A node reads one thing at a time. */
  read(whole: boolean): void {
    const from = this.memory.position;
    if (this.reading) return;
    const position = this.here();
    const since = this.allCommitted()
      .filter(({ xid }) => !from?.sees(xid) && !this.memory.knownBeyond.includes(xid))
      .reverse(); // PostgreSQL promises no order
    const table = [...this.table].map(ruleOf);
    if (!from) this.reading = { position, rules: table, changes: [] };
    else if (!whole) this.reading = { position, rules: [], changes: since };
    else if (this.beside) this.reading = { ...this.beside, position, changes: this.beyond(this.beside.position) };
    else this.beside = { position, rules: table, changes: [] };
    this.wholeReading = whole || !from;
    if (this.reading && whole) this.beside = undefined;
  }
  private wholeReading = false;
  /** A load of the whole table, while rounds go on; the next one brings it up to date. */
  private beside: Reading | undefined;

  private beyond(position: Position): RuleChange[] {
    return this.allCommitted()
      .filter(({ xid }) => !position.sees(xid))
      .reverse();
  }

  readArrives(): void {
    const { reading } = this;
    this.reading = undefined;
    if (!reading) return;
    if (this.wholeReading) this.load(reading);
    else this.memory.advance(reading);
    this.hear(this.allCommitted().filter(({ xid }) => reading.position.sees(xid)));
  }

  private load({ rules, ...advance }: Reading): void {
    const draft = this.memory.draft();
    for (const { ptype, values } of rules) draft.append(ptype, [...values]);
    this.memory.loaded(draft, advance, this.memory.mark);
  }

  answerArrives(at: number): void {
    const [changes] = this.answers.splice(at % (this.answers.length || 1), 1);
    if (!changes) return;
    this.memory.committed(changes, true);
    this.hear(changes);
  }

  /** Memory MUST NOT fall behind what it has heard of, nor show what was never committed. */
  check(): void {
    if (!this.memory.position) return;
    for (const { values } of keys.map(ruleOf)) {
      const rule = JSON.stringify(values);
      const shown = this.contents().memory.some((known) => JSON.stringify(known) === rule);
      const heard = this.heard.get(rule) ?? 0n;
      const states = this.committed
        .flatMap(({ changes }) => changes.slice(-1))
        .filter((last) => JSON.stringify(last.rule.values) === rule);
      const possible = states
        .filter(({ outboxId }) => outboxId >= heard)
        .map(({ operation }) => operation === 'created');
      if (heard === 0n) possible.push(false);
      if (!possible.includes(shown)) throw new Error(`${rule} is ${shown ? '' : 'not '}granted, after change ${heard}`);
    }
  }

  private hear(changes: readonly RuleChange[]): void {
    for (const { rule, outboxId } of changes) {
      const key = JSON.stringify(rule.values);
      if (outboxId > (this.heard.get(key) ?? 0n)) this.heard.set(key, outboxId);
    }
  }

  private allCommitted(): RuleChange[] {
    return this.committed.flatMap(({ changes }) => changes);
  }

  /** Everything ends and arrives; then the node looks once more. */
  rest(order: readonly number[]): void {
    while (this.open.length > 0) this.end(order[0] ?? 0, true);
    for (const at of order) {
      if (at % 4 === 0) this.readArrives();
      else this.answerArrives(at);
    }
    while (this.answers.length > 0) this.answerArrives(0);
    this.readArrives();
    this.read(false);
    this.readArrives();
  }

  contents(): { memory: string[][]; table: string[][] } {
    const memory = this.model.getPolicy('g', 'g');
    return { memory, table: [...this.table].map((key) => [...ruleOf(key).values]) };
  }

  /** The snapshot as PostgreSQL writes it. */
  private here(): Position {
    const xmax = this.latestEnded + 1n;
    const running = this.open.map(({ xid }) => xid).filter((xid) => xid < xmax);
    const xmin = running.reduce((least, xid) => (xid < least ? xid : least), xmax);
    return new Position(`${xmin}:${xmax}:${running.join(',')}`, '0');
  }
}

type Step = (history: History) => void;
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom(...keys), fc.integer({ min: 1, max: 3 }), fc.boolean()).map(writes),
  },
  { weight: 4, arbitrary: fc.tuple(fc.nat(5), fc.nat(3)).map(ends) },
  {
    weight: 2,
    arbitrary: fc.nat(5).map(
      (at): Step =>
        (history) =>
          history.answerArrives(at),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(3).map(
      (n): Step =>
        (history) =>
          history.read(n === 0),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Step>((history) => history.readArrives()) },
);

function writes([key, times, own]: [number, number, boolean]): Step {
  return (history) => history.write(key, times, own);
}

function ends([at, fate]: [number, number]): Step {
  return (history) => history.end(at, fate > 0);
}

/** What happens in the database and what a node hears of it, in any order. */
export const arrivalSteps = fc.record({
  steps: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
  order: fc.array(fc.nat(7), { maxLength: 20 }),
});

/** What the node remembers in the end, and what the table holds. */
export function endOfHistory({ steps, order }: { steps: readonly Step[]; order: readonly number[] }): {
  memory: string[][];
  table: string[][];
} {
  const history = new History();
  for (const one of steps) {
    one(history);
    history.check();
  }
  history.rest(order);
  return history.contents();
}
