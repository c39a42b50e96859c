import { type Adapter, type Enforcer, type Model, newEnforcer, Util } from 'casbin';

/** A call of Casbin's API: a method of the enforcer, and what it is given. */
export type Call = readonly [method: string, ...given: unknown[]];

export type Row = readonly [ptype: string, ...values: string[]];

/** What Casbin's own file and string adapters cannot: be written to. Rows are arrays and never pass through CSV text. */
export class MemoryAdapter implements Adapter {
  constructor(public rows: readonly Row[] = []) {}

  loadPolicy(model: Model): Promise<void> {
    for (const [ptype, ...values] of this.rows) {
      model.model.get(ptype.slice(0, 1))?.get(ptype)?.policy.push(values);
    }
    return Promise.resolve();
  }

  savePolicy(model: Model): Promise<boolean> {
    this.rows = ['p', 'g'].flatMap((section) =>
      [...(model.model.get(section) ?? [])].flatMap(([ptype, { policy }]) =>
        policy.map((rule): Row => [ptype, ...rule]),
      ),
    );
    return Promise.resolve(true);
  }

  addPolicy(section: string, ptype: string, rule: string[]): Promise<void> {
    return this.addPolicies(section, ptype, [rule]);
  }

  addPolicies(_section: string, ptype: string, rules: string[][]): Promise<void> {
    this.rows = [...this.rows, ...rules.map((rule): Row => [ptype, ...rule])];
    return Promise.resolve();
  }

  removePolicy(_section: string, ptype: string, rule: string[]): Promise<void> {
    return this.drop((row) => textOf(row) === textOf([ptype, ...rule]));
  }

  async removePolicies(section: string, ptype: string, rules: string[][]): Promise<void> {
    for (const rule of rules) await this.removePolicy(section, ptype, rule);
  }

  removeFilteredPolicy(_section: string, ptype: string, from: number, ...wanted: string[]): Promise<void> {
    return this.drop(
      ([known, ...values]) =>
        known === ptype && wanted.every((value, index) => value === '' || values[from + index] === value),
    );
  }

  updatePolicy(_section: string, ptype: string, rule: string[], instead: string[]): Promise<void> {
    this.rows = this.rows.map((row) => (textOf(row) === textOf([ptype, ...rule]) ? [ptype, ...instead] : row));
    return Promise.resolve();
  }

  private drop(goes: (row: Row) => boolean): Promise<void> {
    this.rows = this.rows.filter((row) => !goes(row));
    return Promise.resolve();
  }
}

const textOf = (values: readonly string[]): string => JSON.stringify(values);

/** What a call came to: its answer, or that it was refused, for whatever reason. */
export type Outcome = { readonly answer: unknown } | 'refused';

export async function outcomeOf(enforcer: Enforcer, [method, ...given]: Call): Promise<Outcome> {
  const known = Reflect.get(enforcer, method) as (...given: unknown[]) => Promise<unknown>;
  try {
    // A copy for each side: Casbin keeps the arrays that it is given.
    return { answer: await known.apply(enforcer, structuredClone(given)) };
  } catch {
    return 'refused';
  }
}

/**
 * A plain Casbin enforcer that is told the same as the audited one. Where the two differ on purpose, it is led to the same
 * state by plain calls; every such place stands in `instead` with the difference.
 */
export class PlainTwin {
  private constructor(
    readonly enforcer: Enforcer,
    private readonly adapter: MemoryAdapter,
  ) {}

  static async create(model: Model, scopeMatching: 'exact' | 'glob', rows: readonly Row[] = []): Promise<PlainTwin> {
    const adapter = new MemoryAdapter(rows);
    const enforcer = await newEnforcer(model, adapter);
    if (scopeMatching === 'glob') await enforcer.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
    await enforcer.buildRoleLinks();
    return new PlainTwin(enforcer, adapter);
  }

  async run(call: Call): Promise<Outcome> {
    return (await this.instead(call)) ?? outcomeOf(this.enforcer, call);
  }

  /** Runs `work`; unless it commits, everything is as it was before. */
  async transaction(work: () => Promise<void>, commits: boolean): Promise<void> {
    const before = this.adapter.rows;
    await work();
    if (commits) return;
    this.adapter.rows = before;
    await this.enforcer.loadPolicy();
  }

  private async instead(call: Call): Promise<Outcome | undefined> {
    const [method, ...given] = call;
    // Difference: a rule that a batch names twice is one rule. Plain Casbin keeps it twice, in memory and in the table.
    if (/^add.*Policies/.test(method)) {
      const rules = given.pop() as string[][];
      const once = [...new Map(rules.map((rule) => [textOf(rule), rule])).values()];
      return outcomeOf(this.enforcer, [method, ...given, once]);
    }
    // Difference: deleteRole also takes the role from those who have it. Plain Casbin takes its second column for a subject only.
    if (method === 'deleteRole' && given[0] !== '') {
      const assigned = await this.enforcer.removeFilteredGroupingPolicy(1, String(given[0]));
      const deleted = await this.enforcer.deleteRole(String(given[0]));
      return { answer: assigned || deleted };
    }
    if (method.startsWith('update')) return this.insteadOfUpdate(call);
    return undefined;
  }

  /** Difference: an update to a rule that is there leaves one rule. Plain Casbin keeps it twice. */
  private async insteadOfUpdate([method, ...given]: Call): Promise<Outcome | undefined> {
    const [rule, instead] = given.slice(-2) as [string[], string[]];
    const verb = method.replace('update', '');
    const named = given.slice(0, -2);
    const has = (values: string[]): Promise<Outcome> => outcomeOf(this.enforcer, [`has${verb}`, ...named, ...values]);
    if (textOf(rule) === textOf(instead) || !isYes(await has(instead)) || !isYes(await has(rule))) return undefined;
    return outcomeOf(this.enforcer, [`remove${verb}`, ...named, ...rule]);
  }
}

function isYes(outcome: Outcome): boolean {
  return outcome !== 'refused' && outcome.answer === true;
}
