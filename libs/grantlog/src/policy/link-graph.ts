import { WideMap } from './wide-map';

/** Casbin's name for the scope of links that are given none (DEFAULT_DOMAIN of its DefaultRoleManager). */
export const defaultScope = 'casbin::default';

/** How many links up a role is inherited: what Casbin gives each of its role managers. */
export const deepest = 10;

/** `child` has the role `parent`, in a scope. */
export type Link = readonly [child: string, parent: string, scope: string];

/**
 * The parents of one child, in the order in which they came. Most have one, which needs no list; a list of many would be
 * walked through for each that is added or removed.
 */
type Parents = string | readonly string[] | Set<string>;

/** The longest list of parents; beyond it they are a Set, which weighs four times as much. */
const longestList = 32;

/** Where the way up from a child begins. */
interface Start {
  readonly child: string;
  readonly scopes: readonly string[];
  readonly version: number;
  /** Its parents in each of the scopes. */
  readonly parents: readonly Parents[];
  /** Whether none of them has parents. */
  readonly isFlat: boolean;
}

const nowhere: Start = { child: '', scopes: [], version: -1, parents: [], isFlat: true };

/** The links of one scope. */
class ScopeLinks {
  readonly parents = new WideMap<Parents>();
  /** How many children each parent has; made when somebody asks whether a name is a parent, which few do. */
  private children: WideMap<number> | undefined;

  get isEmpty(): boolean {
    return this.parents.size === 0;
  }

  link(child: string, parent: string): boolean {
    const known = this.parents.get(child);
    if (known !== undefined && isAmong(known, parent)) return false;
    this.parents.set(child, known === undefined ? parent : withOne(known, parent));
    if (this.children) count(this.children, parent, 1);
    return true;
  }

  unlink(child: string, parent: string): boolean {
    const known = this.parents.get(child);
    if (known === undefined || !isAmong(known, parent)) return false;
    const rest = withoutOne(known, parent);
    if (rest === undefined) this.parents.delete(child);
    else this.parents.set(child, rest);
    if (this.children) count(this.children, parent, -1);
    return true;
  }

  has(child: string, parent: string): boolean {
    const parents = this.parents.get(child);
    return parents !== undefined && isAmong(parents, parent);
  }

  isChild(name: string): boolean {
    return this.parents.has(name);
  }

  isParent(name: string): boolean {
    this.children ??= this.countChildren();
    return this.children.has(name);
  }

  parentsOf(child: string): Iterable<string> {
    return each(this.parents.get(child) ?? []);
  }

  childrenOf(parent: string): string[] {
    const found: string[] = [];
    if (!this.isParent(parent)) return found;
    for (const [child, parents] of this.parents) if (isAmong(parents, parent)) found.push(child);
    return found;
  }

  *links(): Iterable<[child: string, parent: string]> {
    for (const [child, parents] of this.parents) for (const parent of each(parents)) yield [child, parent];
  }

  private countChildren(): WideMap<number> {
    const counts = new WideMap<number>();
    for (const [, parent] of this.links()) count(counts, parent, 1);
    return counts;
  }
}

function count(counts: WideMap<number>, name: string, more: number): void {
  const total = (counts.get(name) ?? 0) + more;
  if (total > 0) counts.set(name, total);
  else counts.delete(name);
}

/**
 * Who has which role in which scope: plain data, which does not know what a scope or a name may stand for. A name or scope
 * is held for as long as it has a link; Casbin's role manager never lets go of one.
 */
export class LinkGraph {
  private readonly byScope = new WideMap<ScopeLinks>();
  private readonly starred = new Set<string>();
  private count = 0;
  private version = 0;
  private lastStart = nowhere;
  private scopesMarked = {};
  private globsMarked = {};

  /** Links in all scopes. */
  get size(): number {
    return this.count;
  }

  /** An object that is another one after any scope came or went, and in any other graph. */
  get scopesMark(): object {
    return this.scopesMarked;
  }

  /** The same for `globs`. */
  get globsMark(): object {
    return this.globsMarked;
  }

  /** Scopes that contain a `*`, in the order in which they came. */
  get globs(): Iterable<string> {
    return this.starred;
  }

  /** Scopes that have a link, in the order in which they came. */
  get scopes(): Iterable<string> {
    return this.byScope.keys();
  }

  hasScope(scope: string): boolean {
    return this.byScope.has(scope);
  }

  /** @returns whether the link is new */
  link(child: string, parent: string, scope: string): boolean {
    const isNew = (this.byScope.get(scope) ?? this.open(scope)).link(child, parent);
    if (!isNew) return false;
    this.count += 1;
    this.version += 1;
    return true;
  }

  /** @returns whether there was such a link */
  unlink(child: string, parent: string, scope: string): boolean {
    const links = this.byScope.get(scope);
    if (!links?.unlink(child, parent)) return false;
    this.count -= 1;
    this.version += 1;
    if (links.isEmpty) this.close(scope);
    return true;
  }

  has(child: string, parent: string, scope: string): boolean {
    return this.byScope.get(scope)?.has(child, parent) ?? false;
  }

  /** The direct parents of a child. */
  roles(child: string, scope: string): string[] {
    return [...(this.byScope.get(scope)?.parentsOf(child) ?? [])];
  }

  /** The direct children of a parent. Walks through all children of the scope, unless the name is no parent there. */
  users(parent: string, scope: string): string[] {
    return this.byScope.get(scope)?.childrenOf(parent) ?? [];
  }

  /** Whether a name is a child or a parent in a scope. */
  knows(name: string, scope: string): boolean {
    const links = this.byScope.get(scope);
    return links !== undefined && (links.isChild(name) || links.isParent(name));
  }

  /**
   * Whether `parent` is at most `depth` links above `child`, by links of any of these scopes. Breadth-first, each name
   * once: a search into the depth would take every path, and a dense graph has exponentially many.
   */
  reaches(child: string, parent: string, scopes: readonly string[], depth: number): boolean {
    const start = this.startAt(child, scopes);
    for (const parents of start.parents) if (isAmong(parents, parent)) return true;
    if (start.isFlat) return false; // as nearly always: roles of roles are rare, and a Set has its price
    const layers = this.layers(scopes);
    let level = between([child], layers);
    const seen = new Set(level);
    for (let left = depth - 1; left > 0 && level.length > 0; left -= 1) {
      if (level.some((name) => layers.some((links) => links.has(name, parent)))) return true;
      level = between(level, layers).filter((name) => seen.size < seen.add(name).size);
    }
    return false;
  }

  isPartOf(other: LinkGraph): boolean {
    for (const link of this.links()) if (!other.has(...link)) return false;
    return true;
  }

  *links(): Iterable<Link> {
    for (const [scope, links] of this.byScope) {
      for (const [child, parent] of links.links()) yield [child, parent, scope];
    }
  }

  /** One `enforce()` asks about the same child in the same scopes for each of its policies. */
  private startAt(child: string, scopes: readonly string[]): Start {
    const last = this.lastStart;
    if (last.child === child && last.version === this.version && areSame(last.scopes, scopes)) return last;
    const layers = this.layers(scopes);
    const parents = layers.map((links) => links.parents.get(child)).filter((found) => found !== undefined);
    const isFlat = parents.length === 0 || between([child], layers).length === 0;
    return (this.lastStart = { child, scopes, version: this.version, parents, isFlat });
  }

  private layers(scopes: readonly string[]): ScopeLinks[] {
    const layers: ScopeLinks[] = [];
    for (const scope of scopes) {
      const links = this.byScope.get(scope);
      if (links) layers.push(links);
    }
    return layers;
  }

  private open(scope: string): ScopeLinks {
    const links = new ScopeLinks();
    this.byScope.set(scope, links);
    if (scope.includes('*')) this.starred.add(scope);
    this.mark(scope);
    return links;
  }

  private close(scope: string): void {
    this.byScope.delete(scope);
    this.starred.delete(scope);
    this.mark(scope);
  }

  private mark(scope: string): void {
    this.scopesMarked = {};
    if (scope.includes('*')) this.globsMarked = {};
  }
}

/** Lists that somebody keeps are the same object; a list of one is made for each question. */
function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === 1 && other.length === 1 && one[0] === other[0]);
}

/** The parents of these children that have parents themselves. */
function between(children: readonly string[], layers: readonly ScopeLinks[]): string[] {
  const found: string[] = [];
  for (const child of children) {
    for (const links of layers) {
      for (const parent of links.parentsOf(child)) if (isChild(parent, layers)) found.push(parent);
    }
  }
  return found;
}

function isChild(name: string, layers: readonly ScopeLinks[]): boolean {
  for (const links of layers) if (links.isChild(name)) return true;
  return false;
}

function each(parents: Parents): Iterable<string> {
  return typeof parents === 'string' ? [parents] : parents;
}

function isAmong(parents: Parents, name: string): boolean {
  if (typeof parents === 'string') return parents === name;
  return parents instanceof Set ? parents.has(name) : parents.includes(name);
}

/** `concat()` makes a list that is as long as it must be; a list that is pushed to, or spread, takes room for many more. */
function withOne(parents: Parents, name: string): Parents {
  if (parents instanceof Set) return parents.add(name);
  if (typeof parents === 'string') return [parents, name];
  return parents.length < longestList ? parents.concat(name) : new Set(parents).add(name);
}

function withoutOne(parents: Parents, name: string): Parents | undefined {
  if (parents instanceof Set) return parents.delete(name) && parents.size > longestList / 2 ? parents : [...parents];
  const rest = typeof parents === 'string' ? [] : parents.filter((other) => other !== name);
  return rest.length > 1 ? rest : rest[0];
}
