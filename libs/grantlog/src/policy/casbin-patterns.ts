import { DefaultRoleManager, type MatchingFunc, type RoleManager } from 'casbin';
import { deepest, type Link, type LinkGraph } from './link-graph';

/** How many links that are gone, and questions about scopes without one, leave something in Casbin's before it is filled anew. */
const mostLeftovers = 1_000;

/** Functions of a host for what a name or a scope stands for. */
export interface Matching {
  readonly names?: MatchingFunc;
  readonly domains?: MatchingFunc;
  readonly hierarchy?: RoleManager;
}

/**
 * Lets Casbin's own role manager answer where names are patterns or domains inherit: too rare to have answers of our own.
 * With patterns its answers depend on the order in which links came, and on names whose links are gone. To give the same
 * answer on every node it is then filled, in an order of ours, after every change.
 */
export class CasbinPatterns {
  private matching: Matching = {};
  private filled: DefaultRoleManager | undefined;
  private leftovers = 0;

  /** What was installed. */
  get functions(): Matching {
    return this.matching;
  }

  use(matching: Matching): void {
    this.matching = { ...this.matching, ...matching };
    this.empty();
  }

  /** @returns what answers about a scope of this graph; `undefined` if there are no such patterns */
  of(graph: LinkGraph, scope: string): DefaultRoleManager | undefined {
    if (!this.matching.names && !this.matching.hierarchy) return undefined;
    if (!graph.hasScope(scope)) this.leftovers += 1;
    if (this.leftovers > mostLeftovers) this.empty();
    return (this.filled ??= this.fill(graph));
  }

  change(verb: 'addLink' | 'deleteLink', link: Link): void {
    if (verb === 'deleteLink') this.leftovers += 1;
    if (this.matching.names) this.empty();
    else void this.filled?.[verb](...link);
  }

  /** It is filled when it is next asked. */
  empty(): void {
    this.filled = undefined;
    this.leftovers = 0;
  }

  /** Casbin's does its work before it returns the promise. */
  private fill(graph: LinkGraph): DefaultRoleManager {
    const filled = new DefaultRoleManager(deepest);
    const { names, domains, hierarchy } = this.matching;
    if (names) void filled.addMatchingFunc(names);
    if (domains) void filled.addDomainMatchingFunc(domains);
    if (hierarchy) void filled.addDomainHierarchy(hierarchy);
    for (const link of inOrder(graph.links())) void filled.addLink(...link);
    return filled;
  }
}

/** The same for the same links. */
function inOrder(links: Iterable<Link>): Link[] {
  const texts = Array.from(links, (link) => JSON.stringify(link));
  return texts.sort().map((text) => JSON.parse(text) as Link);
}
