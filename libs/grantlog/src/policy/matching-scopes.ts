import { type MatchingFunc, Util } from 'casbin';
import type { LinkGraph } from './link-graph';

/** How many scopes are held in all the answers to "which scopes match this one?" together. */
const mostMatches = 50_000;

/** Which scopes answer for the one that is asked for: those that Casbin's domain matching function says, and itself. */
export class MatchingScopes {
  private readonly answers = new Map<string, readonly string[]>();
  private held = 0;
  private mark: object | undefined;
  /** To Casbin's keyMatch a pattern without a star matches itself only. */
  private readonly globsOnly: boolean;

  constructor(private readonly matches: MatchingFunc) {
    this.globsOnly = matches === Util.keyMatchFunc;
  }

  of(asked: string, graph: LinkGraph): readonly string[] {
    const mark = this.globsOnly ? graph.globsMark : graph.scopesMark;
    if (mark !== this.mark || this.held > mostMatches) this.forget(mark);
    const known = this.answers.get(asked);
    if (known) return known;
    const found = this.find(asked, this.globsOnly ? graph.globs : graph.scopes);
    this.answers.set(asked, found);
    this.held += found.length;
    return found;
  }

  private find(asked: string, candidates: Iterable<string>): string[] {
    const found = [asked];
    for (const scope of candidates) if (scope !== asked && this.matches(asked, scope)) found.push(scope);
    return found;
  }

  private forget(mark: object): void {
    this.answers.clear();
    this.held = 0;
    this.mark = mark;
  }
}
