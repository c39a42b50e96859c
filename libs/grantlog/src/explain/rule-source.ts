import type { DataSource } from 'typeorm';
import type { AuditRecord } from '../contract/audit-record';
import { GrantlogError } from '../contract/grantlog.error';
import type { KeySyntax } from '../contract/namespaced-key';
import { isVisible, type VisibleScopes, visibleSql } from '../contract/visible-scopes';
import { ownTransaction, type Send } from '../database/own-transaction';
import { Rule } from '../rules/rule';
import { recordColumns } from '../trail/record-columns';
import { presentRules, pastRules, type RuleRelation, type RuleRow } from './rule-rows.sql';
import type { Wanted, WantedName } from './wanted';

const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY';

/** Rules of a kind that are read for one explanation. */
const mostRules = 100_000;

/** Scopes in which a role is told to be held. */
const mostScopes = 10;

/** What somebody may see of a rule. */
export interface SeenRule {
  readonly visible: boolean;
  /** Who created it; `null` if no record tells, or none that may be seen. */
  readonly record: AuditRecord | null;
  /** Whether that record still waits to be recorded. */
  readonly waits: boolean;
}

/** What was read, all of it at one moment. */
export interface ReadRules {
  /** All rules but assignments, and of those what was wanted, each in their order. */
  readonly rules: readonly Rule[];
  /** The scopes in which the subject has a role, as far as they may be seen. */
  readonly held: ReadonlyMap<string, readonly string[]>;
  /** Whether a rule may be seen, also one that nobody wanted to show yet. */
  readonly sees: (rule: Rule) => boolean;
  /** By the key of a rule. */
  readonly seen: ReadonlyMap<string, SeenRule>;
}

export interface Reading {
  readonly subject: string;
  readonly wanted: Wanted;
  /** The policy types of the model besides `g`. */
  readonly ptypes: readonly string[];
  /** Whether every assignment is needed, because names or scopes stand for others in ways that SQL does not know. */
  readonly all: boolean;
  /** Which scopes count besides the one that is asked for: those whose glob matches it, any, or none. */
  readonly scopes: 'globs' | 'any' | 'exact';
  /** The scope of a rule; `null` for one without. */
  readonly scopeOf: (rule: Rule) => string | null;
}

interface SeenRow extends SeenRule {
  readonly at: number;
}

/** Reads rules from the database, as they are now or as the log says they were. */
export class RuleSource {
  private readonly relation: RuleRelation;

  /** @param seq the last record that counts. Default: what the table holds now */
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
    private readonly visible: VisibleScopes,
    seq: string | undefined,
  ) {
    this.relation = seq === undefined ? presentRules : pastRules(seq);
  }

  /** @throws GrantlogError if there are too many to read them for one answer */
  read(reading: Reading): Promise<ReadRules> {
    return ownTransaction(this.dataSource, begin, async (_, send) => {
      const others = await this.rows(send, this.relation.others, [reading.ptypes], 'rules that are no assignments');
      const assignments = reading.all
        ? await this.rows(send, this.relation.assignments, [], 'assignments, all of which count under this model')
        : await this.upwards(send, reading);
      const places = new Map<string, string>();
      const rules = [...others, ...assignments].map(({ place, ptype, values }) => {
        const rule = new Rule(ptype, values);
        places.set(rule.key, place);
        return rule;
      });
      const sees = this.sees(reading.scopeOf);
      return { rules, sees, held: await this.held(send, reading), seen: await this.seen(send, reading, places) };
    });
  }

  /** Level by level, each name once in each scope. */
  private async upwards(send: Send, { wanted, scopes }: Reading): Promise<RuleRow[]> {
    const what = 'assignments of the subject and its roles';
    const found = new Map<string, RuleRow>();
    const asked = new Set<string>();
    let level: readonly WantedName[] = [...wanted.names.values()];
    while (level.length > 0) {
      const next = level
        .map(({ name, scope }) => ({ name, scope: scopes === 'any' ? undefined : scope }))
        .filter(({ name, scope }) => asked.size < asked.add(JSON.stringify([name, scope])).size);
      const parameters = [next.map(({ name }) => name), next.map(({ scope }) => scope ?? null), scopes === 'globs'];
      const rows = await this.rows(send, this.relation.upwards, parameters, what);
      for (const row of rows) found.set(JSON.stringify([row.ptype, ...row.values]), row);
      assertFew(found.size, what);
      level = rows.map(({ values: [, name = ''], via }) => ({ name, scope: via ?? undefined }));
    }
    return [...found.values()].sort((one, other) => Number(BigInt(one.place) - BigInt(other.place)));
  }

  private async held(send: Send, { subject, wanted }: Reading): Promise<Map<string, string[]>> {
    const held = new Map(Array.from(wanted.held, (role): [string, string[]] => [role, []]));
    if (held.size === 0) return held;
    const parameters: unknown[] = [subject, [...held.keys()], this.keys.separator];
    const visible = this.visibleIn({ scope: 'held.scope', namespace: 'held.namespace' }, parameters);
    const text = `
      SELECT wanted.role, held.scope FROM unnest($2::text[]) AS wanted (role) CROSS JOIN LATERAL (
        SELECT * FROM (SELECT scope, split_part(scope, $3::text, 1) AS namespace FROM (${this.relation.held}) AS held) AS held
        WHERE ${visible} ORDER BY scope COLLATE "C" LIMIT ${mostScopes}
      ) AS held`;
    for (const { role, scope } of await send<{ role: string; scope: string }>({ text }, parameters)) {
      held.get(role)?.push(scope);
    }
    return held;
  }

  /** Of each scope it is asked once: many rules name the same, and there may be many exceptions. */
  private sees(scopeOf: Reading['scopeOf']): ReadRules['sees'] {
    const known = new Map<string | null, boolean>();
    return (rule) => {
      const scope = scopeOf(rule);
      const sees = known.get(scope) ?? isVisible(this.visible, scope, (key) => this.keys.namespaceOf(key));
      known.set(scope, sees);
      return sees;
    };
  }

  private async seen(
    send: Send,
    { wanted, scopeOf }: Reading,
    places: ReadonlyMap<string, string>,
  ): Promise<Map<string, SeenRule>> {
    const rules = [...wanted.shown.values()].filter(({ key }) => places.has(key));
    if (rules.length === 0) return new Map();
    const asked = rules.map((rule, at) => {
      const scope = scopeOf(rule);
      const namespace = scope === null ? null : this.keys.namespaceOf(scope);
      return { at, details: { ptype: rule.ptype, rule: rule.values }, place: places.get(rule.key), scope, namespace };
    });
    const parameters: unknown[] = [JSON.stringify(asked)];
    const visible = this.visibleIn({ scope: 'asked.scope', namespace: 'asked.namespace' }, parameters);
    const rows = await send<SeenRow>({ text: seenRules(this.relation, visible) }, parameters);
    return new Map(
      rows.map(({ at, ...seen }) => [
        rules[at]?.key ?? '',
        { ...seen, record: seen.record && Object.freeze(seen.record) },
      ]),
    );
  }

  private visibleIn(columns: Parameters<typeof visibleSql>[1], parameters: unknown[]): string {
    const condition = visibleSql(this.visible, columns, (value) => `$${parameters.push(value)}`);
    return condition === undefined ? 'true' : `coalesce(${condition}, false)`;
  }

  private async rows(send: Send, text: string, parameters: readonly unknown[], what: string): Promise<RuleRow[]> {
    const rows = await send<RuleRow>({ text: `${text} LIMIT ${mostRules + 1}` }, parameters);
    assertFew(rows.length, what);
    return rows;
  }
}

const seenRules = ({ began, waits }: RuleRelation, visible: string): string => `
  SELECT asked.at, asked.visible, asked.waits, to_jsonb(record) AS record
  FROM (
    SELECT asked.*, ${visible} AS visible, ${waits} AS waits
    FROM jsonb_to_recordset($1::jsonb) AS asked (at int, details jsonb, place bigint, scope text, namespace text)
  ) AS asked LEFT JOIN LATERAL (
    SELECT ${recordColumns} FROM audit_record WHERE audit_record.seq = (${began})
  ) AS record ON asked.visible AND NOT asked.waits`;

function assertFew(count: number, what: string): void {
  if (count <= mostRules) return;
  throw new GrantlogError(
    'INVALID_INPUT',
    `There are more than ${mostRules} ${what}; an answer would need all of them. Ask for enforce() alone, or for somebody who has fewer.`,
  );
}
