import { type Enforcer, newEnforcer, Util } from 'casbin';
import { DataSource } from 'typeorm';
import TypeORMAdapter, { CasbinRule } from 'typeorm-adapter';
import { poolSize } from '../sizes';
import type { Assignment } from './assignments';
import { scopedModel } from './model';
import type { RoleSide } from './role-side';

/** Casbin with typeorm-adapter, as both come: no audit at all. */
export class PlainCasbin implements RoleSide {
  constructor(
    protected readonly dataSource: DataSource,
    readonly enforcer: Enforcer,
  ) {}

  /** In an empty database, for those who want to fill it before anybody opens it. */
  static async createTables(url: string): Promise<void> {
    await (await connectCasbin(url)).destroy();
  }

  static async open(url: string): Promise<PlainCasbin> {
    const dataSource = await connectCasbin(url);
    return new PlainCasbin(dataSource, await enforcerOn(dataSource));
  }

  /** An assignment in `lib^lib:Org1:*` holds in every scope that matches. */
  static async openWithGlobs(url: string): Promise<PlainCasbin> {
    const side = await PlainCasbin.open(url);
    await side.enforcer.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
    return side;
  }

  assign({ subject, role, scope }: Assignment): Promise<boolean> {
    return this.enforcer.addGroupingPolicy(subject, role, scope);
  }

  remove({ subject, role, scope }: Assignment): Promise<boolean> {
    return this.enforcer.removeGroupingPolicy(subject, role, scope);
  }

  assignAll(assignments: readonly Assignment[]): Promise<boolean> {
    return this.enforcer.addGroupingPolicies(assignments.map(ruleOf));
  }

  removeAll(assignments: readonly Assignment[]): Promise<boolean> {
    return this.enforcer.removeGroupingPolicies(assignments.map(ruleOf));
  }

  addPolicies(rules: string[][]): Promise<boolean> {
    return this.enforcer.addPolicies(rules);
  }

  /** Nothing happens behind the answers. */
  settled(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }
}

export function connectCasbin(url: string, ...entities: (new () => object)[]): Promise<DataSource> {
  return new DataSource({
    type: 'postgres',
    url,
    entities: [CasbinRule, ...entities],
    synchronize: true,
    poolSize,
  }).initialize();
}

export async function enforcerOn(connection: DataSource): Promise<Enforcer> {
  return newEnforcer(scopedModel(), await TypeORMAdapter.newAdapter({ connection }));
}

function ruleOf({ subject, role, scope }: Assignment): string[] {
  return [subject, role, scope];
}
