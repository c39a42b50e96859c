import type { Rule } from '../rules/rule';

/** A name whose roles are asked for, in a scope where the question names one. */
export interface WantedName {
  readonly name: string;
  readonly scope: string | undefined;
}

/** What has to be read for an explanation. It is read at one moment: when more turns out to be needed, all of it is read again. */
export class Wanted {
  readonly names = new Map<string, WantedName>();
  /** Roles of which it is asked where the subject has them. */
  readonly held = new Set<string>();
  /** Rules that are shown, with their records. */
  readonly shown = new Map<string, Rule>();

  /** @returns whether anything of it was not wanted before */
  add(names: readonly WantedName[], held: readonly string[], shown: readonly Rule[]): boolean {
    const before = this.size;
    for (const one of names) this.names.set(JSON.stringify([one.name, one.scope]), one);
    for (const role of held) this.held.add(role);
    for (const rule of shown) this.shown.set(rule.key, rule);
    return this.size > before;
  }

  private get size(): number {
    return this.names.size + this.held.size + this.shown.size;
  }
}
