import { CachedEnforcer, type Enforcer } from 'casbin';
import { isMadeOf } from '../host-enforcer/casbin-classes';

/** The part of CachedEnforcer that Casbin's typings keep private. */
type Remember = (key: string, decision: boolean) => void;

/** What memory holds from one change to the next, by the decisions under way on it. */
interface Reign {
  deciding: number;
}

/**
 * Keeps what a CachedEnforcer remembers true to memory. Decisions are forgotten whenever memory changes, and one that was begun
 * before must not be remembered after it. Casbin remembers a decision without telling which call has made it: while any
 * that memory has overtaken is under way, none is remembered.
 */
export class DecisionCache {
  private reign: Reign = { deciding: 0 };
  private overtaken = 0;

  private constructor(private readonly enforcer: CachedEnforcer) {
    const enforce = enforcer.enforce.bind(enforcer);
    const remember = (Reflect.get(enforcer, 'setCache') as Remember).bind(enforcer);
    replace(enforcer, 'enforce', (...request: unknown[]) => this.decide(() => enforce(...request)));
    replace(enforcer, 'setCache', (key: string, decision: boolean) => {
      if (this.overtaken === 0) remember(key, decision);
    });
  }

  /** Watches over an enforcer's decisions, if it is one that remembers them. */
  static of(enforcer: Enforcer): DecisionCache | undefined {
    return isMadeOf(CachedEnforcer, enforcer) ? new DecisionCache(enforcer) : undefined;
  }

  /** MUST be called in the same turn in which memory has changed. */
  memoryChanged(): void {
    this.overtaken += this.reign.deciding;
    this.reign = { deciding: 0 };
    this.enforcer.invalidateCache();
  }

  private async decide(enforce: () => Promise<boolean>): Promise<boolean> {
    const { reign } = this;
    reign.deciding += 1;
    try {
      return await enforce();
    } finally {
      if (reign === this.reign) reign.deciding -= 1;
      else this.overtaken -= 1;
    }
  }
}

function replace(enforcer: CachedEnforcer, method: string, value: unknown): void {
  Object.defineProperty(enforcer, method, { value, configurable: true, writable: true });
}
