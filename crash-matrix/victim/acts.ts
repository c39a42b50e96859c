import type { RoleAssignment } from 'grantlog';
import { neverCommitted } from '../orders';
import type { Host } from './host';
import type { Notes } from './notes';

/** Few, so that callers meet. */
const subjects = 8;
const roles = ['role^reader', 'role^editor', 'role^owner'];
/** Where the rules are that only one act knows. */
const onceScope = 'lib^once';

/** One of the ways in which hosts change rules. */
export type Act = () => Promise<void>;

/** Undoes what was done, as a caller does who changed his mind. */
class ChangedMind extends Error {}

/** The acts of a load, each with what the app was told noted down as soon as it was told. */
export class Acts {
  private made = 0;

  constructor(
    private readonly host: Host,
    private readonly notes: Notes,
    /** Makes names of this load its own. */
    private readonly load: string,
  ) {}

  /** Each is as likely as the others. */
  readonly all: readonly Act[] = [
    () => this.assign(this.some()),
    () => this.remove(this.some()),
    () => this.together(() => this.assign(this.some())),
    () => this.together(() => this.remove(this.some())),
    () => this.assign(this.several()),
    () => this.remove(this.several()),
    () => this.removeAll(),
    () => this.inTransaction(),
    () => this.inTransaction(),
    () => this.behindSavepoint(),
    () => this.rolledBack(),
    () => this.casbinOne(),
    () => this.casbinMany(),
    () => this.casbinUpdate(),
    () => this.casbinPolicy(),
    () => this.host.enforcer.loadPolicy(),
  ];

  /** Removes what acts of earlier loads have left that were broken off, so that the table stays small. */
  async clear(): Promise<void> {
    const { enforcer, assignments } = this.host;
    this.notes.answered((await assignments.removeAll({ scope: onceScope })).events);
    await enforcer.removeFilteredPolicy(2, onceScope);
  }

  private some(): RoleAssignment {
    const role = roles[Math.floor(Math.random() * roles.length)] ?? '';
    return { subject: `user^${Math.floor(Math.random() * subjects)}`, role, scope: 'lib^shared' };
  }

  private several(): RoleAssignment[] {
    return Array.from({ length: 5 }, () => this.some());
  }

  /** A subject that no other act has, ever. */
  private once(prefix = 'user^once-'): string {
    return `${prefix}${this.load}-${(this.made += 1)}`;
  }

  private async assign(assignments: RoleAssignment | RoleAssignment[]): Promise<void> {
    this.notes.answered((await this.host.assignments.assign(assignments)).events);
  }

  private async remove(assignments: RoleAssignment | RoleAssignment[]): Promise<void> {
    this.notes.answered((await this.host.assignments.remove(assignments)).events);
  }

  private async removeAll(): Promise<void> {
    const { subject } = this.some();
    this.notes.answered((await this.host.assignments.removeAll({ subject })).events);
  }

  /** Calls that share statements. */
  private async together(call: Act): Promise<void> {
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, call));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  private async inTransaction(): Promise<void> {
    const { dataSource, assignments } = this.host;
    const events = await dataSource.transaction(async (manager) => {
      const removed = await assignments.remove(this.some(), { manager });
      const assigned = await assignments.assign(this.several(), { manager });
      return [...removed.events, ...assigned.events];
    });
    this.notes.answered(events);
  }

  private async behindSavepoint(): Promise<void> {
    const { dataSource, assignments } = this.host;
    const never = this.never();
    const events = await dataSource.transaction(async (manager) => {
      const before = await assignments.assign(this.some(), { manager });
      await changingMind(() =>
        manager.transaction(async (inner) => {
          await assignments.assign(never, { manager: inner });
          throw new ChangedMind();
        }),
      );
      await this.lookFor(never);
      const after = await assignments.assign(this.some(), { manager });
      return [...before.events, ...after.events];
    });
    this.notes.answered(events);
  }

  private async rolledBack(): Promise<void> {
    const { dataSource, assignments } = this.host;
    const never = this.never();
    await changingMind(() =>
      dataSource.transaction(async (manager) => {
        await assignments.remove(this.some(), { manager });
        await assignments.assign(never, { manager });
        await this.lookFor(never);
        throw new ChangedMind();
      }),
    );
  }

  private async lookFor({ subject, role, scope = '' }: RoleAssignment): Promise<void> {
    if (await this.host.enforcer.hasGroupingPolicy(subject, role, scope)) this.notes.showed(subject);
  }

  private never(): RoleAssignment {
    return { ...this.some(), subject: this.once(neverCommitted) };
  }

  private async casbinOne(): Promise<void> {
    const rule = [this.once(), 'role^reader', onceScope];
    await this.casbin('created', [rule], () => this.host.enforcer.addGroupingPolicy(...rule));
    await this.casbin('deleted', [rule], () => this.host.enforcer.removeGroupingPolicy(...rule));
  }

  private async casbinMany(): Promise<void> {
    const rules = [1, 2, 3].map(() => [this.once(), 'role^editor', onceScope]);
    await this.casbin('created', rules, () => this.host.enforcer.addGroupingPolicies(rules));
    await this.casbin('deleted', rules, () => this.host.enforcer.removeGroupingPolicies(rules));
  }

  private async casbinUpdate(): Promise<void> {
    const { enforcer } = this.host;
    const [from, to] = [1, 2].map(() => [this.once(), 'role^owner', onceScope]) as [string[], string[]];
    await this.casbin('created', [from], () => enforcer.addGroupingPolicy(...from));
    const updated = await enforcer.updateGroupingPolicy(from, to);
    if (updated) this.notes.done('deleted', from[0] ?? '');
    if (updated) this.notes.done('created', to[0] ?? '');
    await this.casbin('deleted', [to], () => enforcer.deleteUser(to[0] ?? ''));
  }

  private async casbinPolicy(): Promise<void> {
    const { enforcer } = this.host;
    const rule = [this.once(), 'act^read', onceScope];
    await this.casbin('created', [rule], () => enforcer.addPolicy(...rule));
    await this.casbin('deleted', [rule], () => enforcer.removeFilteredPolicy(0, rule[0] ?? ''));
  }

  /** Casbin answers whether it was done, without naming events. */
  private async casbin(
    operation: 'created' | 'deleted',
    rules: readonly string[][],
    call: () => Promise<boolean>,
  ): Promise<void> {
    if (!(await call())) return;
    for (const [subject = ''] of rules) this.notes.done(operation, subject);
  }
}

async function changingMind(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ChangedMind)) throw error;
  }
}
