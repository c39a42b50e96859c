import { prefixOf, type VisibleScopes } from '../contract/visible-scopes';

/** No key holds a control character, so that this one begins with a prefix and is named by no rule. */
const nowhereElse = '\u0001';

const none: ReadonlySet<number> = new Set();

/** By what the rules that name a scope may decide; two rules of one mark decide alike, wherever they hold. */
export type Marks = ReadonlySet<number>;

/** Scopes that are looked at before the event loop gets a turn. */
const atOnce = 1_000;

/**
 * The scopes that rules name, as a map of all scopes: each glob is an area, in which others may lie. Wherever no further rule reaches, all
 * scopes of an area are decided alike, so that one of them tells of all; and so are scopes that the same marks reach.
 */
export class Territory {
  private readonly exact: readonly string[];
  /** What each area begins with, and the globs that say so, which are scopes themselves. */
  private readonly areas = new Map<string, string[]>();
  private readonly lengths: readonly number[];
  private readonly marksAbove = new Map<string, Marks>();
  private readonly numbers = new Map<Marks, number>();
  private readonly sets = new Map<string, number>();
  private readonly kinds = new Map<string, string>();
  private readonly allowed = new Set<string>();

  constructor(private readonly named: ReadonlyMap<string, Marks>) {
    const scopes = [...named.keys()];
    this.exact = scopes.filter((scope) => prefixOf(scope) === undefined);
    for (const glob of scopes) {
      const prefix = prefixOf(glob);
      if (prefix === undefined) continue;
      const globs = this.areas.get(prefix);
      if (globs) globs.push(glob);
      else this.areas.set(prefix, [glob]);
    }
    this.lengths = lengthsOf(this.areas.keys());
  }

  /** Scopes that tell of all. Each MUST be answered. No more are looked for once there are more than `most`. */
  async questions(most: number, pause: () => Promise<void>): Promise<string[]> {
    const questions = new Map<string, string>();
    const scopes = [...[...this.areas.keys()].flatMap((prefix) => this.scopesOf(prefix)), ...this.exact];
    for (const [at, scope] of scopes.entries()) {
      if (at % atOnce === atOnce - 1) await pause();
      questions.set(this.kindOf(scope), scope);
      if (questions.size > most) break;
    }
    return [...questions.values()];
  }

  answer(scope: string, isAllowed: boolean): void {
    if (isAllowed) this.allowed.add(this.kindOf(scope));
  }

  visible(): VisibleScopes {
    const isAllowed = (scope: string): boolean => this.allowed.has(this.kindOf(scope));
    const isArea = (prefix: string): boolean => this.scopesOf(prefix).every(isAllowed);
    const prefixes = [...this.areas.keys()].sort();
    const seen = outermost(prefixes.filter(isArea));
    const isSeen = within(seen);
    const denied = outermost(prefixes.filter((prefix) => isSeen(prefix) && !isArea(prefix)));
    const isDenied = within(denied);
    const globOf = (prefix: string): string => `${prefix}*`;
    return whole({
      scopes: [...seen.map(globOf), ...this.exact.filter((scope) => !isSeen(scope) && isAllowed(scope))],
      except: [
        ...denied.map(globOf),
        ...this.exact.filter((scope) => isSeen(scope) && !isDenied(scope) && !isAllowed(scope)),
      ],
    });
  }

  /** What tells of an area: a scope in it that no rule names, and its globs. */
  private scopesOf(prefix: string): string[] {
    return [`${prefix}${nowhereElse}`, ...(this.areas.get(prefix) ?? [])];
  }

  /** The same for scopes that are decided alike: which marks reach them as globs, and which by their name. */
  private kindOf(scope: string): string {
    const known = this.kinds.get(scope);
    if (known !== undefined) return known;
    const areas = this.lengths
      .filter((length) => length <= scope.length)
      .map((length) => scope.slice(0, length))
      .filter((prefix) => this.areas.has(prefix));
    const own = this.named.get(scope) ?? none;
    const kind = `${this.numberOf(this.marksOf(areas))} ${this.numberOf(own)}`;
    this.kinds.set(scope, kind);
    return kind;
  }

  /** @param areas one in the other, from the outermost */
  private marksOf(areas: readonly string[]): Marks {
    let above = none;
    for (const prefix of areas) {
      const known = this.marksAbove.get(prefix) ?? this.withGlobs(above, prefix);
      this.marksAbove.set(prefix, known);
      above = known;
    }
    return above;
  }

  /** The same set if an area adds nothing to it. */
  private withGlobs(above: Marks, prefix: string): Marks {
    const added = (this.areas.get(prefix) ?? []).flatMap((glob) => [...(this.named.get(glob) ?? none)]);
    return added.every((mark) => above.has(mark)) ? above : new Set([...above, ...added]);
  }

  /** The same for sets of the same marks. */
  private numberOf(marks: Marks): number {
    const known = this.numbers.get(marks);
    if (known !== undefined) return known;
    const key = [...marks].sort((one, other) => one - other).join();
    const number = this.sets.get(key) ?? this.sets.size;
    this.sets.set(key, number);
    this.numbers.set(marks, number);
    return number;
  }
}

function whole(visible: { scopes: string[]; except: string[] }): VisibleScopes {
  return visible.scopes.includes('*') && visible.except.length === 0 ? 'all' : visible;
}

/** Without those that lie in another one. @param prefixes in their order */
function outermost(prefixes: readonly string[]): string[] {
  const found: string[] = [];
  for (const prefix of prefixes) {
    const last = found.at(-1);
    if (last === undefined || !prefix.startsWith(last)) found.push(prefix);
  }
  return found;
}

/** Whether a text begins with one of some prefixes. */
function within(prefixes: readonly string[]): (text: string) => boolean {
  const known = new Set(prefixes);
  const lengths = lengthsOf(prefixes);
  return (text) => lengths.some((length) => length <= text.length && known.has(text.slice(0, length)));
}

function lengthsOf(texts: Iterable<string>): number[] {
  return [...new Set(Array.from(texts, ({ length }) => length))].sort((one, other) => one - other);
}
