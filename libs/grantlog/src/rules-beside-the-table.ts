import type { DataSource } from 'typeorm';
import { InvalidInputError } from './contract/grantlog.error';
import type { AuditedEnforcer } from './enforcer/audited-enforcer';
import { type HeldRule, type HeldRules, lineOf, looseKey } from './host-enforcer/held-rules';
import { removedAmong } from './imports/removals';
import { sectionOf } from './rules/rule';

/** How many rules are looked up in the log at once. */
const batch = 1_000;

/**
 * Makes sure that the table has what an enforcer with typeorm-adapter holds, but for what was removed since it was loaded.
 * @throws InvalidInputError naming the first rule that is in memory only, and would be granted no more
 */
export async function assertNotBeside(
  held: HeldRules,
  { enforcer, dataSource }: { readonly enforcer: AuditedEnforcer; readonly dataSource: DataSource },
): Promise<void> {
  if (unknownTo(enforcer, held).length === 0) return;
  await enforcer.loadPolicy(); // another node, or the adapter, may just have written it
  const missing = unknownTo(enforcer, held);
  for (let from = 0; from < missing.length; from += batch) {
    const some = missing.slice(from, from + batch);
    const removed = new Set((await removedAmong(dataSource, some)).map(looseKey));
    const beside = some.find((rule) => !removed.has(looseKey(rule)));
    if (!beside) continue;
    throw new InvalidInputError(
      'enforcer',
      `holds the rule "${lineOf(beside)}", which casbin_rule lacks: it was added in memory only (enableAutoSave(false), or the model), ` +
        'or removed from the table by somebody who leaves no record. Load the policy again if it shall not hold; otherwise let the ' +
        'adapter save it before the enforcer is given, or add it through the injected one',
    );
  }
}

function unknownTo(enforcer: AuditedEnforcer, held: HeldRules): HeldRule[] {
  const model = enforcer.getModel();
  const exactly = held.all.filter(({ ptype, values }) => !model.hasPolicy(sectionOf(ptype), ptype, [...values]));
  if (exactly.length === 0) return [];
  const known = new Set(
    ['p', 'g'].flatMap((section) =>
      [...(model.model.get(section)?.keys() ?? [])].flatMap((ptype) =>
        model.getPolicy(section, ptype).map((values) => looseKey({ ptype, values })),
      ),
    ),
  );
  return exactly.filter((rule) => !known.has(looseKey(rule)));
}
