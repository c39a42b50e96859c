import { setImmediate as breathe } from 'node:timers/promises';
import type { Enforcer } from 'casbin';
import { anyScope } from '../contract/namespaced-key';
import type { VisibleScopes } from '../contract/visible-scopes';
import { assertCasbinDecides, type ScopeMatcher, scopeMatcherOf } from './scope-matcher';
import { Territory } from './territory';

/** Answers that are kept; the one that has not been asked for longest goes first. */
const mostAnswers = 1_000;
/** Scopes that rules may name for one viewer, and how many of them may be decided by different rules: a second's work or two. */
const mostScopes = 20_000;
const mostQuestions = 1_000;
/** Questions that are asked before the event loop gets a turn. */
const atOnce = 20;
/** The same of rules that are looked at. */
const rulesAtOnce = 1_000;
/** How often it is begun anew because memory has changed; then it goes on to the end without a turn for anybody. */
const mostAttempts = 3;

/** Effects that are the same in whatever order rules come. */
const orderless = new Set([
  'some(where(p_eft==allow))',
  '!some(where(p_eft==deny))',
  'some(where(p_eft==allow))&&!some(where(p_eft==deny))',
]);

/** Memory changed between two questions, so that the answers belong to different policies. */
class Overtaken extends Error {}

/** No bad input, as a model that cannot be read is: whoever has another answer for such models MUST NOT give it here. */
export class TooManyScopesError extends Error {
  constructor(most: number, which: string, subject: string) {
    super(
      `GrantlogModule option visibleScopes: cannot be taken from a permission, because the policy decides for ${subject} by more than ` +
        `${most} scopes ${which}; give a function that answers the scopes of a viewer`,
    );
    this.name = new.target.name;
  }
}

type Pause = () => Promise<void>;

/**
 * The scopes in which Casbin allows somebody something: by asking `enforce()` about the scopes that rules name, and about what lies between
 * those. They are never more than `enforce()` allows. What the policy allows and denies and allows again further in is left out.
 */
export class PermittedScopes {
  private enforce: Enforcer['enforce'];
  private readonly matcher: () => ScopeMatcher;
  private readonly answers = new Map<string, Promise<VisibleScopes>>();
  private changes = 0;

  constructor(private readonly enforcer: Enforcer) {
    this.enforce = enforcer.enforce.bind(enforcer);
    let read: ScopeMatcher | undefined;
    this.matcher = () => (read ??= scopeMatcherOf(enforcer.getModel()));
  }

  /** From now on the enforcer is asked as it is, before anybody else changes what asking it does: nobody is told of these questions. */
  attach(): void {
    this.enforce = this.enforcer.enforce.bind(this.enforcer);
  }

  /** MUST be called in the same turn in which memory has changed. */
  memoryChanged(): void {
    this.changes += 1;
    this.answers.clear();
  }

  /** @throws InvalidInputError if scopes cannot be found in this way, because the model or a function of the host decides otherwise */
  check(): void {
    assertCasbinDecides(this.enforcer, this.matcher());
  }

  /**
   * Where `enforce(subject, permission, scope)` says yes, as memory is now.
   * @throws TooManyScopesError if the policy names more scopes than can be asked about
   */
  async of(subject: string | null, permission: string): Promise<VisibleScopes> {
    this.check();
    if (subject === null) return {};
    const key = JSON.stringify([subject, permission]);
    const answer = this.answers.get(key) ?? this.answer(subject, permission);
    this.answers.delete(key);
    this.answers.set(key, answer);
    const [oldest] = this.answers.keys();
    if (this.answers.size > mostAnswers && oldest !== undefined) this.answers.delete(oldest);
    answer.catch((error: unknown) => {
      if (!(error instanceof TooManyScopesError) && this.answers.get(key) === answer) this.answers.delete(key);
    });
    return answer;
  }

  private async answer(subject: string, permission: string): Promise<VisibleScopes> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.ask(subject, permission, attempt < mostAttempts);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
      }
    }
  }

  /** Without pauses it is done between two changes of memory, which come with answers of the database. */
  private async ask(subject: string, permission: string, withPauses: boolean): Promise<VisibleScopes> {
    if (this.matcher().arity === 2) return (await this.enforce(subject, permission)) ? 'all' : {};
    const { changes } = this;
    const upToDate = (): void => {
      if (this.changes !== changes) throw new Overtaken();
    };
    const pause = async (): Promise<void> => {
      if (withPauses) await breathe();
      upToDate();
    };
    const territory = new Territory(await this.named(subject, permission, pause));
    const questions = await territory.questions(mostQuestions, pause);
    upToDate();
    if (questions.length > mostQuestions) throw new TooManyScopesError(mostQuestions, 'that differ', subject);
    let asked = 0;
    for (const scope of questions) {
      asked += 1;
      if (asked % atOnce === 0) await pause();
      upToDate();
      territory.answer(scope, await this.enforce(subject, permission, scope));
    }
    upToDate();
    return frozen(territory.visible());
  }

  /** Every scope that a rule names by which something could be decided for this subject, with what marks those rules. */
  private async named(subject: string, permission: string, pause: Pause): Promise<Map<string, Set<number>>> {
    const named = new Map([[anyScope, new Set<number>()]]);
    const numbers = new Map<string, number>();
    let looked = 0;
    for await (const [scope, ...by] of this.deciding(subject, permission)) {
      looked += 1;
      if (looked % rulesAtOnce === 0) await pause();
      const mark = JSON.stringify(by);
      const number = numbers.get(mark) ?? numbers.size;
      numbers.set(mark, number);
      named.set(scope, (named.get(scope) ?? new Set()).add(number));
      if (named.size <= mostScopes) continue;
      await pause();
      throw new TooManyScopesError(mostScopes, 'in all', subject);
    }
    return named;
  }

  /** A scope and what marks the rule that names it, one rule after the other. */
  private async *deciding(subject: string, permission: string): AsyncIterable<readonly [string, ...unknown[]]> {
    const { compared, groupings } = this.matcher();
    const rules = await this.rulesFor(subject, permission);
    for (const term of compared) yield* this.valuesOf(term, rules);
    for (const { ptype, of } of groupings) {
      for await (const [child = '', role = '', scope = ''] of this.linksOf(
        ptype,
        this.askedFor(of, subject, permission),
      )) {
        yield [scope, ptype, child, role];
      }
    }
  }

  /**
   * The values of a column of `p`, or a text itself. Rules that are alike in all other columns decide alike, unless the value decides by
   * itself, or other rules that come between them do.
   */
  private *valuesOf(term: string, rules: readonly (readonly string[])[]): Iterable<readonly [string, ...unknown[]]> {
    if (/^["']/.test(term)) yield [term.slice(1, -1), term];
    const at = this.columnOf(term);
    if (at < 0) return;
    const inOrder = !orderless.has(this.enforcer.getModel().model.get('e')?.get('e')?.value.replace(/\s/g, '') ?? '');
    const isMingled = this.matcher().mingled.has(term);
    let [before, turn] = ['', 0];
    for (const rule of rules) {
      const value = rule[at];
      if (value === undefined) continue;
      const others = JSON.stringify(rule.filter((_, index) => index !== at));
      if (inOrder && others !== before) turn += 1;
      before = others;
      yield isMingled ? [value, term, value] : [value, term, others, turn];
    }
  }

  /** Without those that say nothing of this subject or this permission, in whatever scope. */
  private async rulesFor(subject: string, permission: string): Promise<string[][]> {
    const conditions: { at: number; among: ReadonlySet<string> }[] = [];
    for (const { of, column, ptype } of this.matcher().required) {
      const name = this.askedFor(of, subject, permission);
      const at = this.columnOf(column);
      if (name === undefined || at < 0) continue;
      const among = new Set([name]);
      if (ptype !== undefined) for await (const [, role = ''] of this.linksOf(ptype, name)) among.add(role);
      conditions.push({ at, among });
    }
    const rules = this.enforcer.getModel().getPolicy('p', 'p');
    return rules.filter((rule) => conditions.every(({ at, among }) => among.has(rule[at] ?? '')));
  }

  private columnOf(term: string): number {
    return this.enforcer.getModel().model.get('p')?.get('p')?.tokens.indexOf(term) ?? -1;
  }

  private askedFor(term: string, subject: string, permission: string): string | undefined {
    const [first, second] = this.enforcer.getModel().model.get('r')?.get('r')?.tokens ?? [];
    return term === first ? subject : term === second ? permission : undefined;
  }

  /** A name's links, its own and those further up; all links without a name. */
  private async *linksOf(ptype: string, name: string | undefined): AsyncIterable<readonly string[]> {
    if (name === undefined) return yield* await this.enforcer.getNamedGroupingPolicy(ptype);
    const names = new Set([name]);
    for (const one of names) {
      const links = await this.enforcer.getFilteredNamedGroupingPolicy(ptype, 0, one);
      for (const [, role = ''] of links) names.add(role);
      yield* links;
    }
  }
}

/** The answer is kept for others. */
function frozen(visible: VisibleScopes): VisibleScopes {
  if (visible === 'all') return visible;
  for (const part of Object.values(visible)) Object.freeze(part);
  return Object.freeze(visible);
}
