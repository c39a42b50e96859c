import { type Adapter, Enforcer, type RoleManager } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
import type { CasbinParts } from '../memory/policy-memory';
import { refusedCalls, UnauditedCallError } from './refused-calls';
import { sectionOf } from '../rules/rule';
import type { RuleChanges } from '../rules/rule-changes';

interface EnforcerParts {
  readonly changes: RuleChanges;
  readonly reload: () => Promise<void>;
  readonly adapter: Adapter;
}

/**
 * A Casbin enforcer whose changes are written together with their events, in the caller's transaction where there is one,
 * and whose memory shows committed rules only. It is a drop-in: code that uses Casbin's API goes on working. Calls of it that
 * would change rules without a record are refused with an UnauditedCallError. What `getModel()` and `getRoleManager()` hand
 * out is Casbin's own and for reading: a change made there is in this node's memory only, and no record tells of it.
 */
export class AuditedEnforcer extends Enforcer {
  private changes!: RuleChanges;
  private reload!: () => Promise<void>;

  /** @internal Casbin constructs enforcers without arguments; this is where the parts come in and the door closes. */
  attach({ changes, reload, adapter }: EnforcerParts): void {
    this.changes = changes;
    this.reload = reload;
    this.adapter = adapter;
    refuseUnauditedCalls(this);
  }

  /** @internal */
  memoryParts(): CasbinParts {
    return {
      model: this.model,
      roleManagerOf: (ptype): RoleManager | undefined => this.rmMap.get(ptype),
      sortPolicies: () => {
        this.sortPolicies();
        this.model.sortPoliciesBySubjectHierarchy();
      },
    };
  }

  /** Brings memory up to date with the table; what is granted before and after stays granted in between. */
  override loadPolicy(): Promise<void> {
    return this.reload();
  }

  override isFiltered(): boolean {
    return false;
  }

  override enableAutoSave(autoSave: boolean): void {
    if (!autoSave) throw new UnauditedCallError('enableAutoSave(false)', 'every change is saved when it is made.');
  }

  protected override async addPolicyInternal(section: string, ptype: string, values: string[]): Promise<boolean> {
    return (await this.changes.add(inSection(section, ptype), [values])).length > 0;
  }

  protected override async addPoliciesInternal(section: string, ptype: string, rules: string[][]): Promise<boolean> {
    return this.changes.addAllOrNone(inSection(section, ptype), rules);
  }

  protected override async addPoliciesInternalEx(section: string, ptype: string, rules: string[][]): Promise<boolean> {
    return (await this.changes.add(inSection(section, ptype), rules)).length > 0;
  }

  protected override async removePolicyInternal(section: string, ptype: string, values: string[]): Promise<boolean> {
    return (await this.changes.remove(inSection(section, ptype), [values])).length > 0;
  }

  protected override async removePoliciesInternal(section: string, ptype: string, rules: string[][]): Promise<boolean> {
    return this.changes.removeAllOrNone(inSection(section, ptype), rules);
  }
}

/** `addNamedPolicy('g', …)` names a policy type that its section does not have. */
function inSection(section: string, ptype: string): string {
  if (sectionOf(ptype) === section) return ptype;
  throw new InvalidInputError('ptype', `must begin with "${section}" in this call; got "${ptype}"`);
}

/** Closes Casbin's ways around the audited path: thrown where Casbin answers at once, rejected where it answers later. */
function refuseUnauditedCalls(enforcer: AuditedEnforcer): void {
  for (const [call, remedy] of Object.entries(refusedCalls)) {
    const original: unknown = Reflect.get(enforcer, call);
    const answersLater = original?.constructor.name === 'AsyncFunction';
    const refuse = (): Promise<never> => {
      const refusal = new UnauditedCallError(call, remedy);
      if (answersLater) return Promise.reject(refusal);
      throw refusal;
    };
    Object.defineProperty(enforcer, call, { value: refuse });
  }
}
