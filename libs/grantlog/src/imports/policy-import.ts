import { runAs } from '../context/run-as';
import { InvalidInputError } from '../contract/grantlog.error';
import { knownFields } from '../contract/known-fields';
import { type KeySyntax, plainText } from '../contract/namespaced-key';
import { checkRule, checkStorable, Rule } from '../rules/rule';
import type { RuleChanges } from '../rules/rule-changes';
import { contentOf, ImportLedger } from './import-ledger';
import { assertLast } from './import-order';

/** A rule as a policy file has it: its policy type (`p`, `g`, `g2`, …) and the values of its columns. */
export interface ImportedRule {
  readonly ptype: string;
  readonly values: readonly string[];
}

export interface ImportOptions {
  /**
   * Where the rules come from, by a name that stays: rules under another name are new ones, so that what was removed since would
   * come back. At most 255 characters. A path is no good name if releases have folders of their own.
   */
  readonly source: string;
  /** Reason of every change. Default: `import of <source>` */
  readonly reason?: string;
}

export interface PolicyImportParts {
  readonly changes: RuleChanges;
  readonly keys: KeySyntax;
  /** Where the rules of a policy type say their priority; negative if they do not. */
  readonly priorityColumn: (ptype: string) => number;
  /** Resolves when memory shows everything that is committed now. */
  readonly caughtUp: () => Promise<void>;
}

/**
 * Brings rules in from outside, each of them once: "insert if absent" at every start would bring back every grant that was
 * revoked since. They are changes of `system^import`, recorded like any other.
 */
export class PolicyImport {
  constructor(private readonly parts: PolicyImportParts) {}

  /**
   * Adds the rules that their source has not had at an earlier import; all of them or none, in one operation. Those that somebody
   * else has added already stay as they are and make no event. Nodes that import at once wait for each other, and memory shows
   * the rules when this resolves. In a caller's ambient transaction it is part of it. Where the order of rules decides, rules that
   * are new to the source MUST come after those that it had, as they do in the table.
   *
   * @returns how many rules were new to the source
   * @throws InvalidInputError naming the rule, e.g. `rules[2]`; nothing was changed
   * @throws NotCaughtUpError if memory does not follow in time; the rules are committed
   */
  async import(rules: readonly ImportedRule[], options: ImportOptions): Promise<number> {
    knownFields(options, ['source', 'reason'], 'options');
    const source = plainText(options.source, 'source');
    const { separator } = this.parts.keys;
    const checked = this.checked(rules);
    const importer = `system${separator}import`;
    const reason = options.reason ?? `import of ${source}`;
    const added = await runAs(importer, () => this.importNew(source, checked), { reason, separator });
    await this.parts.caughtUp(); // another node may have imported them just before
    return added;
  }

  private async importNew(source: string, rules: readonly Rule[]): Promise<number> {
    const [ledger, content] = [new ImportLedger(source), contentOf(rules)];
    let missing: Rule[] = [];
    await this.parts.changes.reconcile(async (manager) => {
      missing = await ledger.enter(manager, content, rules);
      assertLast(missing, rules, (rule) => this.turnOf(rule));
      return { surplus: [], missing };
    });
    return missing.length;
  }

  private checked(rules: readonly ImportedRule[]): Rule[] {
    if (!Array.isArray(rules)) throw new InvalidInputError('rules', 'must be a list of rules');
    return Array.from(rules as readonly ImportedRule[], (rule, at) => this.rule(rule, `rules[${at}]`));
  }

  private rule(given: ImportedRule, field: string): Rule {
    knownFields(given, ['ptype', 'values'], field);
    const { ptype, values } = given;
    if (typeof ptype !== 'string' || !Array.isArray(values)) {
      throw new InvalidInputError(field, 'must have a ptype, which is text, and values, which are a list');
    }
    const rule = new Rule(ptype, [...(values as readonly string[])]);
    checkStorable(rule, field);
    checkRule(rule, this.arityOf(ptype, field), field);
    return rule;
  }

  /** Of rules with the same turn, the order decides; `undefined` if it does not. */
  private turnOf({ ptype, values }: Rule): string | undefined {
    if (!this.parts.changes.shapeOf(ptype).ordered) return undefined;
    return JSON.stringify([ptype, values[this.parts.priorityColumn(ptype)] ?? null]);
  }

  private arityOf(ptype: string, field: string): number {
    const { changes } = this.parts;
    if (changes.defines(ptype)) return changes.shapeOf(ptype).arity;
    throw new InvalidInputError(field, `the model defines no "${ptype}"`);
  }
}
