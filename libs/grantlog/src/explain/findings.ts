import type { Rule } from '../rules/rule';
import { asTheRulesSay, type RoleQuestion } from './asked-roles';
import { RolePaths } from './role-paths';
import type { ReadRules } from './rule-source';
import type { Decision, Request, Trial } from './trial';

/** A rule that would allow the request, with what it asks of `g` in vain. */
export interface NearFinding {
  readonly rule: Rule;
  readonly missing: readonly RoleQuestion[];
}

/** What an explanation is made of, before anybody says what of it may be shown. */
export interface Findings extends Decision {
  readonly isEnabled: boolean;
  readonly chain: readonly Rule[];
  readonly otherWays: boolean;
  readonly untold: readonly string[];
  readonly near: readonly NearFinding[];
  /** The roles that any rule misses, also of rules that are too far down to be told. */
  readonly missingRoles: readonly string[];
  readonly roles: readonly Rule[];
  readonly more: boolean;
  /** What else was asked of the groupings, and so has to be read, than when every rule had its say. */
  readonly asked: readonly RoleQuestion[];
}

/** How many rules, and how many roles, are told to be near. */
const mostNear = 10;
/** How many rules are looked at for them. */
const mostLookedAt = 100;

/** Asks a trial about one request. What is near is of what the viewer sees: what is not seen takes no place, and is not more. */
export class Inquiry {
  private readonly paths = new Map<string, RolePaths>();
  private readonly asked: RoleQuestion[] = [];

  constructor(
    private readonly trial: Trial,
    private readonly request: Request,
    private readonly read: ReadRules,
  ) {}

  async findings(): Promise<Findings> {
    const { trial, request } = this;
    const { asked } = this;
    const decision = await trial.decide(request);
    const { isEnabled } = trial;
    const { rule } = decision;
    const nothing = { chain: [], otherWays: false, untold: [], near: [], missingRoles: [], roles: [], more: false };
    if (rule) return { ...nothing, ...decision, isEnabled, asked, ...(await this.chainTo(rule)) };
    if (decision.allowed) return { ...nothing, ...decision, isEnabled, asked };
    return { ...nothing, ...decision, isEnabled, asked, ...(await this.nearest()) };
  }

  private async chainTo(rule: Rule): Promise<Pick<Findings, 'chain' | 'otherWays' | 'untold'>> {
    const evidence = await this.trial.evidence(this.request, rule);
    const ways = evidence.map((question) => ({ question, way: this.way(question) }));
    const chain = ways.flatMap(({ way }) => way ?? []);
    const untold = ways.flatMap(({ question, way }) => (way ? [] : [question.ptype]));
    return { chain, otherWays: await this.goesWithoutOne(rule, chain), untold: [...new Set(untold)] };
  }

  /** Whether the rule would match without one of the links, whichever that is. */
  private async goesWithoutOne(rule: Rule, chain: readonly Rule[]): Promise<boolean> {
    const { effect } = await this.trial.alone(this.request, rule, asTheRulesSay);
    for (const link of chain) {
      const without = await this.trial.alone(this.request, rule, (question) => {
        const way = this.way(question);
        return way?.some(({ key }) => key === link.key) ? this.way(question, link) !== undefined : undefined;
      });
      this.asked.push(...without.asked);
      if (without.effect === effect) return true;
    }
    return false;
  }

  private async nearest(): Promise<Pick<Findings, 'near' | 'missingRoles' | 'roles' | 'more'>> {
    const [subject, , scope] = this.request;
    const near = await this.nearRules();
    const hasScopes = (this.trial.shapeOf('g')?.arity ?? 0) > 2;
    const reached = this.pathsOf('g')?.reached(subject, hasScopes ? scope : undefined) ?? [];
    const roles = reached.filter(this.read.sees);
    return {
      near: this.heldFirst(near).slice(0, mostNear),
      missingRoles: near.flatMap(({ missing }) => missing.map(({ role }) => role)),
      roles: roles.slice(0, mostNear),
      more: near.length > mostNear || roles.length > mostNear,
    };
  }

  /** Every `g` is taken for granted; other groupings, such as which action implies another, are as they are. */
  private async nearRules(): Promise<NearFinding[]> {
    const granted = ({ ptype }: RoleQuestion): boolean | undefined => (ptype === 'g' ? true : undefined);
    const rules = (await this.trial.allowing(this.request, granted)).filter(this.read.sees);
    const near: NearFinding[] = [];
    for (const rule of rules.slice(0, mostLookedAt)) {
      const { asked } = await this.trial.alone(this.request, rule, granted);
      this.asked.push(...asked);
      const missing = asked.filter((question) => question.ptype === 'g' && !this.trial.holds(question));
      if (missing.length > 0) near.push({ rule, missing });
    }
    return near;
  }

  /** Whoever has the role in another scope is nearer to it than somebody who does not have it at all. */
  private heldFirst(near: readonly NearFinding[]): NearFinding[] {
    const isHeld = ({ missing }: NearFinding): boolean =>
      missing.some(({ role }) => (this.read.held.get(role)?.length ?? 0) > 0);
    return [...near.filter(isHeld), ...near.filter((one) => !isHeld(one))];
  }

  private way({ ptype, subject, role, scope }: RoleQuestion, without?: Rule): Rule[] | undefined {
    return subject === role ? undefined : this.pathsOf(ptype)?.shortest(subject, role, scope, without);
  }

  private pathsOf(ptype: string): RolePaths | undefined {
    const known = this.paths.get(ptype);
    const shape = this.trial.shapeOf(ptype);
    if (known || !shape) return known;
    const paths = new RolePaths(shape, this.read.rules, this.trial.roles.get(ptype)?.matchedBy.domains);
    this.paths.set(ptype, paths);
    return paths;
  }
}
