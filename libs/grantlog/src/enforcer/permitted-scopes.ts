import { setImmediate as breathe } from 'node:timers/promises';
import type { Enforcer } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
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
/** How often it is begun anew because memory has changed; then it goes on to the end without a turn for anybody. */
const mostAttempts = 3;

/** Memory changed between two questions, so that the answers belong to different policies. */
class Overtaken extends Error {}

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
   * @throws InvalidInputError if the policy names more scopes than can be asked about
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
    answer.catch(() => this.answers.delete(key));
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
    const territory = new Territory(await this.named(subject, permission));
    const { questions } = territory;
    if (questions.length > mostQuestions) throw tooMany(mostQuestions, 'that differ', subject);
    let asked = 0;
    for (const scope of questions) {
      asked += 1;
      if (withPauses && asked % atOnce === 0) await breathe();
      if (this.changes !== changes) throw new Overtaken();
      territory.answer(scope, await this.enforce(subject, permission, scope));
    }
    if (this.changes !== changes) throw new Overtaken();
    return territory.visible();
  }

  /** Every scope that a rule names by which something could be decided for this subject, with what marks those rules. */
  private async named(subject: string, permission: string): Promise<Map<string, Set<string>>> {
    const { compared, groupings } = this.matcher();
    const named = new Map([[anyScope, new Set<string>()]]);
    const mark = (scope: string, by: readonly string[]): unknown =>
      named.set(scope, (named.get(scope) ?? new Set()).add(JSON.stringify(by)));
    for (const term of compared) for (const value of this.valuesOf(term)) mark(value, [value]);
    const [first, second] = this.enforcer.getModel().model.get('r')?.get('r')?.tokens ?? [];
    for (const { ptype, of } of groupings) {
      const name = of === first ? subject : of === second ? permission : undefined;
      for await (const [child = '', role = '', scope = ''] of this.linksOf(ptype, name)) {
        mark(scope, [ptype, child, role]);
        if (named.size > mostScopes) throw tooMany(mostScopes, 'in all', subject);
      }
    }
    return named;
  }

  /** The values of a column of `p`, or a text itself. */
  private valuesOf(term: string): readonly string[] {
    if (/^["']/.test(term)) return [term.slice(1, -1)];
    const model = this.enforcer.getModel();
    const at = model.model.get('p')?.get('p')?.tokens.indexOf(term) ?? -1;
    return at < 0 ? [] : model.getValuesForFieldInPolicy('p', 'p', at).filter((value) => value !== undefined);
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

function tooMany(most: number, which: string, subject: string): InvalidInputError {
  return new InvalidInputError(
    'GrantlogModule option visibleScopes',
    `cannot be taken from a permission, because the policy decides for ${subject} by more than ${most} scopes ${which}; give a function that ` +
      'answers the scopes of a viewer',
  );
}
