import { Logger } from '@nestjs/common';
import type { Model, Watcher, WatcherEx } from 'casbin';
import type { RuleChange } from '../rules/rule-change';
import { sectionOf } from '../rules/rule';

export interface WatchersParts {
  readonly model: () => Model;
  /** Brings memory up to date; never rejects. */
  readonly catchUp: () => Promise<void>;
}

/**
 * A host's Casbin watchers, which tell nodes that are not of Grantlog's making. They hear of a change when it is committed and in
 * memory, and never hold it: one that fails is warned about.
 */
export class Watchers {
  private readonly log = new Logger('Grantlog');
  private watcher: Watcher | undefined;
  private watcherEx: WatcherEx | undefined;

  constructor(private readonly parts: WatchersParts) {}

  /** What the watcher hears from others is a hint to look into the table. */
  set(watcher: Watcher): void {
    this.watcher = watcher;
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- Casbin's own gives a promise too, which some wait for
    watcher.setUpdateCallback(() => this.parts.catchUp());
  }

  setEx(watcher: WatcherEx): void {
    this.watcherEx = watcher;
  }

  /** @param changes are committed and in memory; without them, a transaction has ended in which some may have been made */
  tell(changes?: readonly RuleChange[]): void {
    const { watcher, watcherEx } = this;
    if (watcherEx) {
      if (!changes) this.attempt(() => this.whenCaughtUp(() => watcherEx.updateForSavePolicy(this.parts.model())));
      else for (const alike of byKind(changes)) this.attempt(() => tellOf(watcherEx, alike));
    } else if (watcher) {
      this.attempt(() => (changes ? watcher.update() : this.whenCaughtUp(() => watcher.update())));
    }
  }

  private async whenCaughtUp(telling: () => Promise<unknown>): Promise<unknown> {
    await this.parts.catchUp();
    return telling();
  }

  private attempt(telling: () => Promise<unknown>): void {
    void Promise.resolve()
      .then(telling)
      .catch((error: unknown) => this.log.warn(`The watcher did not take a change: ${String(error)}`));
  }
}

function tellOf(watcher: WatcherEx, alike: readonly [RuleChange, ...RuleChange[]]): Promise<void> {
  const [{ operation, rule }] = alike;
  const { ptype } = rule;
  const rules = alike.map((change) => [...change.rule.values]);
  const [only = []] = rules;
  const which = [sectionOf(ptype), ptype] as const;
  if (operation === 'created') {
    return rules.length === 1
      ? watcher.updateForAddPolicy(...which, ...only)
      : watcher.updateForAddPolicies(...which, ...rules);
  }
  return rules.length === 1
    ? watcher.updateForRemovePolicy(...which, ...only)
    : watcher.updateForRemovePolicies(...which, ...rules);
}

/** Changes of one operation on one policy type each, in the order in which they were made. */
function byKind(changes: readonly RuleChange[]): [RuleChange, ...RuleChange[]][] {
  const kinds = new Map<string, [RuleChange, ...RuleChange[]]>();
  for (const change of changes) {
    const kind = `${change.operation} ${change.rule.ptype}`;
    const known = kinds.get(kind);
    if (known) known.push(change);
    else kinds.set(kind, [change]);
  }
  return [...kinds.values()];
}
