import { getLogger, logPrint, type MatchingFunc, type RoleManager } from 'casbin';
import { CasbinPatterns, type Matching } from './casbin-patterns';
import { deepest, defaultScope, type Link, LinkGraph } from './link-graph';
import { MatchingScopes } from './matching-scopes';

/**
 * The role manager of an enforcer: the face that Casbin knows, on a graph that can be swapped in one assignment. It answers
 * as `DefaultRoleManager(10)` does, but lets go of a name or scope with its last link, keeps nothing of what it is asked,
 * and copies nothing to answer under a domain matching function. Such a function MUST always answer the same.
 *
 * What is changed through Casbin's interface comes from no rule: it takes effect, and `restore()` undoes it.
 */
export class RoleLinks implements RoleManager {
  private readonly patterns = new CasbinPatterns();
  private matching: MatchingScopes | undefined;
  /** Links that were changed through Casbin's interface; of no account once everything was cleared. */
  private touched = new LinkGraph();
  private cleared = false;

  constructor(private graph = new LinkGraph()) {}

  /** The functions of the host that it answers by. */
  get matchedBy(): Matching {
    return this.patterns.functions;
  }

  /** From now on it answers by these as well. */
  matchBy(functions: Matching): void {
    if (functions.domains) this.matching = new MatchingScopes(functions.domains);
    this.patterns.use(functions);
  }

  /** Puts another graph in the place of this one, with which what Casbin's interface did to this one is gone. */
  replace(graph: LinkGraph): void {
    this.graph = graph;
    this.touched = new LinkGraph();
    this.cleared = false;
    this.patterns.empty();
  }

  /**
   * @param values of a rule: child, parent and, where the model has domains, the scope. More are refused, as by Casbin.
   * @returns whether the link is new
   */
  link(values: readonly string[]): boolean {
    const link = linkOf(values);
    const isNew = this.graph.link(...link);
    if (isNew) this.patterns.change('addLink', link);
    return isNew;
  }

  /** @returns whether there was such a link; `values` as for `link()` */
  unlink(values: readonly string[]): boolean {
    const link = linkOf(values);
    const wasThere = this.graph.unlink(...link);
    if (wasThere) this.patterns.change('deleteLink', link);
    return wasThere;
  }

  /** Whether anything was changed through Casbin's interface since the last `restore()`. */
  get isTouched(): boolean {
    return this.cleared || this.touched.size > 0;
  }

  /**
   * Undoes what was changed through Casbin's interface since the last time; does nothing if that is nothing.
   * @param isRule whether there is a rule for a link; `scope` is `undefined` for one without
   * @param rules the values of all rules of this policy type, read only after `clear()`
   * @returns whether any link was missing or too many
   */
  restore(
    isRule: (child: string, parent: string, scope: string | undefined) => boolean,
    rules: () => Iterable<readonly string[]>,
  ): boolean {
    if (this.cleared) return this.rebuild(rules());
    if (this.touched.size === 0) return false;
    let differed = false;
    for (const [child, parent, scope] of this.touched.links()) {
      // Casbin takes a link without scope and one in the scope of this name for the same, so either rule stands for it.
      const stands = isRule(child, parent, scope) || (scope === defaultScope && isRule(child, parent, undefined));
      if (this[stands ? 'link' : 'unlink']([child, parent, scope])) differed = true;
    }
    this.touched = new LinkGraph();
    return differed;
  }

  async addLink(name1: string, name2: string, ...domain: string[]): Promise<void> {
    const values = [name1, name2, ...domain];
    if (this.link(values)) this.touch(values);
  }

  async deleteLink(name1: string, name2: string, ...domain: string[]): Promise<void> {
    const values = [name1, name2, ...domain];
    if (this.unlink(values)) this.touch(values);
  }

  async clear(): Promise<void> {
    if (this.graph.size === 0) return;
    this.replace(new LinkGraph());
    this.cleared = true;
  }

  syncedHasLink(name1: string, name2: string, ...domain: string[]): boolean {
    return this.isLinked(name1, name2, scopeOf(domain));
  }

  /** Asked by `enforce()` for each policy, hence no detour. */
  async hasLink(name1: string, name2: string, ...domain: string[]): Promise<boolean> {
    return this.isLinked(name1, name2, scopeOf(domain));
  }

  async getRoles(name: string, ...domain: string[]): Promise<string[]> {
    const scope = scopeOf(domain);
    const patterns = this.patterns.of(this.graph, scope);
    if (patterns) return patterns.getRoles(name, scope);
    return distinct(this.scopesFor(scope).map((one) => this.graph.roles(name, one)));
  }

  async getUsers(name: string, ...domain: string[]): Promise<string[]> {
    const scope = scopeOf(domain);
    const patterns = this.patterns.of(this.graph, scope);
    if (patterns) return patterns.getUsers(name, scope);
    return distinct(this.scopesFor(scope).map((one) => this.graph.users(name, one)));
  }

  async getDomains(name: string): Promise<string[]> {
    return this.namedScopes().filter((scope) => this.graph.knows(name, scope));
  }

  async getAllDomains(): Promise<string[]> {
    return this.namedScopes();
  }

  async printRoles(): Promise<void> {
    if (!getLogger().isEnable()) return;
    for (const [child, parent, scope] of this.graph.links()) logPrint(`${scope}: ${child} < ${parent}`);
  }

  addMatchingFunc(name: string, fn: MatchingFunc): Promise<void>;
  addMatchingFunc(fn: MatchingFunc): Promise<void>;
  async addMatchingFunc(name: string | MatchingFunc, fn?: MatchingFunc): Promise<void> {
    const names = typeof name === 'function' ? name : fn;
    if (!names) throw new Error(oneDomain); // Casbin's words, whatever they have to do with it
    this.matchBy({ names });
  }

  async addDomainMatchingFunc(fn: MatchingFunc): Promise<void> {
    this.matchBy({ domains: fn });
  }

  async addDomainHierarchy(rm: RoleManager): Promise<void> {
    if (!rm?.syncedHasLink) throw new Error('Domain hierarchy must be syncronous.');
    this.matchBy({ hierarchy: rm });
  }

  private isLinked(child: string, parent: string, scope: string): boolean {
    if (child === parent) return true;
    const patterns = this.patterns.of(this.graph, scope);
    if (patterns) return patterns.syncedHasLink(child, parent, scope);
    return this.graph.reaches(child, parent, this.scopesFor(scope), deepest);
  }

  private touch(values: readonly string[]): void {
    if (!this.cleared) this.touched.link(...linkOf(values));
  }

  private rebuild(rules: Iterable<readonly string[]>): boolean {
    const found = this.graph;
    const graph = new LinkGraph();
    for (const values of rules) graph.link(...linkOf(values));
    this.replace(graph);
    return graph.size !== found.size || !graph.isPartOf(found);
  }

  private scopesFor(asked: string): readonly string[] {
    return this.matching?.of(asked, this.graph) ?? [asked];
  }

  /** As Casbin tells them: the scope of those without is not worth mentioning beside others. */
  private namedScopes(): string[] {
    const named = [...this.graph.scopes].filter((scope) => scope !== defaultScope);
    return named.length > 0 ? named : [defaultScope];
  }
}

const oneDomain = 'error: domain should be 1 parameter';

function scopeOf(domain: readonly string[]): string {
  if (domain.length > 1) throw new Error(oneDomain);
  return domain.length === 0 ? defaultScope : (domain[0] as string);
}

function linkOf([child = '', parent = '', ...domain]: readonly string[]): Link {
  return [child, parent, scopeOf(domain)];
}

function distinct(lists: readonly string[][]): string[] {
  return lists.length === 1 ? lists.flat() : [...new Set(lists.flat())];
}
