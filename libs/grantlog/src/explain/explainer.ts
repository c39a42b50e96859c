import { type Model, Util } from 'casbin';
import type { DataSource } from 'typeorm';
import { GrantlogError, InvalidInputError } from '../contract/grantlog.error';
import { knownFields } from '../contract/known-fields';
import { type KeySyntax, plainText } from '../contract/namespaced-key';
import { type VisibleScopes, visibleSql } from '../contract/visible-scopes';
import { query } from '../database/query';
import { defaultScope } from '../policy/link-graph';
import { readModel } from '../policy/read-model';
import { ordersBySubject } from '../policy/rule-order';
import type { Rule } from '../rules/rule';
import { shapeOf, valueOf } from '../rules/rule-shape';
import { LogHead } from '../trail/log-head';
import type { RoleQuestion } from './asked-roles';
import { type Deciding, matchingOf } from './deciding';
import type { Explanation, ExplainQuery } from './explanation';
import { type Findings, Inquiry } from './findings';
import { Line } from './line';
import { type Reading, type ReadRules, RuleSource } from './rule-source';
import { shownExplanation } from './shown-explanation';
import { type Request, Trial } from './trial';
import { Wanted, type WantedName } from './wanted';

export interface ExplainerParts extends Omit<Deciding, 'model'> {
  readonly dataSource: DataSource;
  readonly keys: KeySyntax;
  /** A Casbin model, or the path of its CONF file. */
  readonly model: Model | string;
}

/** What was found out, and the rules from which. */
interface Found {
  readonly findings: Findings;
  readonly read: ReadRules;
}

/** How often more may turn out to be needed; each time something that was not known to be needed before. */
const mostRounds = 1_000;

/** How many are worked out at the same time: each of them may keep the process busy, which has others to serve. */
const mostAtOnce = 2;

/**
 * Says why a request is allowed or denied, now or at a moment in the past. It asks Casbin, over the rules of the database: an enforcer of the same
 * model, class, functions and effect as the app's decides over what can matter of them, and is thrown away.
 */
export class Explainer {
  private readonly deciding: Deciding;
  private readonly head: LogHead;
  private readonly line = new Line(mostAtOnce);

  constructor(private readonly parts: ExplainerParts) {
    this.deciding = { ...parts, model: readModel(parts.model) };
    this.head = new LogHead(parts.dataSource);
  }

  /**
   * What `enforce(subject, action, scope)` answers, and why. `asOf` asks for the rules of that moment, policies included, under the model
   * and the functions of today.
   * @throws InvalidInputError naming the field; of `asOf`, before the log began, in the future, where it is not closed yet, or where the model
   * lets the order of rules decide
   * @throws GrantlogError with the code NOT_FOUND for a scope in which the viewer sees nothing
   */
  async explain(
    asked: ExplainQuery,
    { visible = 'all' }: { readonly visible?: VisibleScopes } = {},
  ): Promise<Explanation> {
    const request = this.checked(asked);
    const { asOf } = asked;
    await this.assertVisible(request[2], visible);
    const seq = asOf === undefined ? undefined : await this.head.seqAsOf(asOf);
    const source = new RuleSource(this.parts.dataSource, this.parts.keys, visible, seq);
    const { findings, read } = await this.line.next(() => this.find(request, source));
    const explanation = shownExplanation(findings, read, (rule) => this.scopeOf(rule), request[0]);
    return asOf === undefined ? explanation : { ...explanation, asOf };
  }

  private checked(asked: ExplainQuery): Request {
    knownFields(asked, ['subject', 'action', 'scope', 'asOf'], '');
    const { model } = this.deciding;
    const values = model.model.get('r')?.get('r')?.tokens.length;
    if (values !== 3) {
      throw new InvalidInputError(
        'model',
        `has requests of ${values} values; explain asks for three: subject, action, scope`,
      );
    }
    if (asked.asOf !== undefined && orderOfTableDecides(model)) {
      throw new InvalidInputError(
        'asOf',
        'under the effect of this model the order of rules decides, which the log does not tell; leave asOf away to ask about now, or give the rules a column "priority"',
      );
    }
    return [plainText(asked.subject, 'subject'), plainText(asked.action, 'action'), plainText(asked.scope, 'scope')];
  }

  private async assertVisible(scope: string, visible: VisibleScopes): Promise<void> {
    const { dataSource, keys } = this.parts;
    const parameters: unknown[] = [scope, keys.namespaceOf(scope)];
    const columns = { scope: 'asked.scope', namespace: 'asked.namespace' };
    const seen = visibleSql(visible, columns, (value) => `$${parameters.push(value)}`);
    if (seen === undefined) return;
    const sql = `SELECT FROM (SELECT $1::text AS scope, $2::text AS namespace) AS asked WHERE ${seen}`;
    if ((await query(dataSource, sql, parameters)).length > 0) return;
    throw new GrantlogError('NOT_FOUND', `There is no scope ${scope}.`);
  }

  /** Reads what is known to matter and asks; if more turns out to matter, reads all of it anew, so that it is of one moment. */
  private async find(request: Request, source: RuleSource): Promise<Found> {
    const [subject, , scope] = request;
    const reading = this.reading();
    const wanted = new Wanted();
    wanted.add([nameIn(subject, shapeOf(this.deciding.model, 'g').arity > 2 ? scope : undefined)], [], []);
    for (let round = 0; round < mostRounds; round += 1) {
      const read = await source.read({ subject, wanted, ...reading });
      const trial = await Trial.of(this.deciding, read.rules);
      const questions = await trial.questions(request);
      if (wanted.add(namesIn(questions), [], [])) continue; // nothing is worth finding out over less than what matters
      const findings = await new Inquiry(trial, request, read).findings();
      const { asked, missingRoles, rule, chain, near, roles } = findings;
      const shown = [...(rule ? [rule] : []), ...chain, ...near.map((one) => one.rule), ...roles];
      if (!wanted.add(namesIn(asked), missingRoles, shown)) return { findings, read };
    }
    throw new Error(
      `The matcher asked for other roles each of ${mostRounds} times; its functions must answer alike for the same values.`,
    );
  }

  private reading(): Omit<Reading, 'subject' | 'wanted'> {
    const { names, hierarchy, domains } = matchingOf('g', this.deciding);
    const all = names !== undefined || hierarchy !== undefined || ordersBySubject(this.deciding.model);
    const scopes = domains === undefined ? 'exact' : domains === Util.keyMatchFunc ? 'globs' : 'any';
    const types = ['p', 'g'].flatMap((section) => [...(this.deciding.model.model.get(section)?.keys() ?? [])]);
    const ptypes = types.filter((ptype) => ptype !== 'g'); // of those only what is reached
    return { ptypes, all, scopes, scopeOf: (rule) => this.scopeOf(rule) };
  }

  private scopeOf({ ptype, values }: Rule): string | null {
    return valueOf(shapeOf(this.deciding.model, ptype).scope, values);
  }
}

/** Whether a decision depends on where rules stand in the table: which of them came first, not what they say. */
function orderOfTableDecides(model: Model): boolean {
  const { ordered } = shapeOf(model, 'p');
  const hasPriority = model.model.get('p')?.get('p')?.tokens.includes('p_priority') ?? false;
  return ordered && (!hasPriority || ordersBySubject(model));
}

function namesIn(asked: readonly RoleQuestion[]): WantedName[] {
  return asked.filter(({ ptype }) => ptype === 'g').map(({ subject, scope }) => nameIn(subject, scope));
}

/** By the name that Casbin has for the scope of rules without one, these are asked for. */
function nameIn(name: string, scope: string | undefined): WantedName {
  return { name, scope: scope === defaultScope ? undefined : scope };
}
