import type { Attribution } from '../contract/attribution';
import type { RuleEvent, RuleOperation, RuleDetails } from '../contract/audit-event';
import type { RuleEntry } from '../contract/outbox-batch';
import { uuidV7 } from '../contract/uuid-v7';
import { prepared, type PreparedStatement, preparedFor, type Statement } from '../database/statement';
import { type Rule, ruleColumns } from './rule';
import { ruleOf } from './rule-change';
import { type RuleShape, valueOf } from './rule-shape';
import { deleteRule, deleteRules, insertRule, insertRules } from './rule-statements';

/** What one call wants to change: different rules of one policy type, and who wants it why. */
export interface RuleCall {
  readonly shape: RuleShape;
  readonly operation: RuleOperation;
  readonly rules: readonly Rule[];
  readonly attribution: Attribution;
}

/** What the database says of a rule that it really changed. */
export interface ChangedRow {
  readonly id: string;
  readonly outboxId: string;
  readonly xid: string;
  readonly occurredAt: string;
  /** The rule as the table has it, if that is not the rule that was given. */
  readonly storedAs?: RuleDetails | null;
}

/** Above this many rules planning costs nothing beside the work, and a plan made for them is the better one. */
const mostPrepared = 256;

const columnsOfAttribution = ['actor', 'reason', 'operationId', 'requestId', 'sourceIp', 'userAgent'] as const;

/**
 * The changes of one or more calls as one statement. All calls are for one policy type and one operation, and no two name the
 * same rule. What the event says is decided here; the database adds that it happened, and when.
 */
export class RuleBatch {
  private readonly rules: { readonly rule: Rule; readonly call: number; readonly id: string }[];
  private readonly width: number;

  constructor(private readonly calls: readonly [RuleCall, ...RuleCall[]]) {
    this.rules = calls.flatMap(({ rules }, call) => rules.map((rule) => ({ rule, call, id: uuidV7() })));
    this.width = this.rules.reduce((most, { rule }) => Math.max(most, rule.values.length), 1);
  }

  private get isOne(): boolean {
    return this.rules.length === 1;
  }

  /** @param rows how many rules the table holds, more or less */
  statement(rows: number): Statement {
    const statement = statementFor(this.calls[0], this.width, this.isOne);
    return this.rules.length > mostPrepared ? { text: statement.text } : preparedFor(rows, statement);
  }

  /** @param patience how long to wait for a lock, as PostgreSQL's `lock_timeout`; `null` leaves it to the connection */
  parameters(patience: string | null): unknown[] {
    const [{ shape }] = this.calls;
    const parameters = [
      this.rules.map(({ id }) => id),
      ...columnsOfAttribution.map((column) => this.calls.map(({ attribution }) => attribution[column])),
      ...ruleColumns.slice(0, this.width).map((_, at) => this.rules.map(({ rule }) => rule.values[at] ?? null)),
    ];
    if (this.isOne) return [shape.ptype, patience, ...parameters.map(([only]) => only)];
    return [shape.ptype, patience, ...parameters, this.rules.map(({ call }) => call + 1)]; // PostgreSQL counts from 1
  }

  /** The events of what was really changed, for each call. */
  entries(rows: readonly ChangedRow[]): RuleEntry[][] {
    const planned = new Map(this.rules.map((one) => [one.id, one]));
    const entries = this.calls.map((): RuleEntry[] => []);
    for (const { id, outboxId, xid, occurredAt, storedAs } of rows) {
      const one = planned.get(id);
      const call = one && this.calls[one.call];
      if (!call) throw new Error(`an event that nobody planned came back: ${id}`);
      const rule = storedAs ? ruleOf(storedAs) : one.rule;
      entries[one.call]?.push({ outboxId, xid, event: eventOf(call, rule, id, occurredAt) });
    }
    return entries;
  }
}

const statements = new Map<string, PreparedStatement>();

function statementFor({ shape, operation }: RuleCall, width: number, isOne: boolean): PreparedStatement {
  const which = [operation, shape.type, shape.role, shape.scope, shape.ordered, width, isOne].join();
  const known = statements.get(which);
  if (known) return known;
  const [one, many] = operation === 'created' ? [insertRule, insertRules] : [deleteRule, deleteRules];
  const statement = prepared((isOne ? one : many)(shape, width));
  statements.set(which, statement);
  return statement;
}

function eventOf({ shape, operation, attribution }: RuleCall, rule: Rule, id: string, occurredAt: string): RuleEvent {
  return Object.freeze({
    id,
    type: `${shape.type}.${operation}`,
    operation,
    outcome: 'success',
    occurredAt,
    actor: attribution.actor,
    subject: rule.values[0] ?? '',
    role: valueOf(shape.role, rule.values),
    scope: valueOf(shape.scope, rule.values),
    reason: attribution.reason,
    operationId: attribution.operationId,
    requestId: attribution.requestId,
    sourceIp: attribution.sourceIp,
    userAgent: attribution.userAgent,
    details: { ptype: rule.ptype, rule: rule.values },
  });
}
