import type { DataSource } from 'typeorm';
import type { Attributor } from './context/attributor';
import { InvalidInputError } from './contract/grantlog.error';
import type { EnforcerAssembly } from './enforcer/enforcer-assembly';
import { type HeldRule, type HeldRules, lineOf } from './host-enforcer/held-rules';
import type { HostEnforcer } from './host-enforcer/host-enforcer';
import type { PolicyImport } from './imports/policy-import';
import { recordUnheard } from './imports/unheard-rules';
import { assertNotBeside } from './rules-beside-the-table';

/** One name for whatever adapter the rules come from: under another one, what was removed since would come back. */
const source = 'enforcer';

export interface TakeOverParts extends Pick<EnforcerAssembly, 'enforcer' | 'changes' | 'memory'> {
  readonly imports: PolicyImport;
  readonly dataSource: DataSource;
  readonly attributor: Attributor;
  readonly separator: string;
}

/**
 * Imports what the host's enforcer holds that is not in our table, and then puts the audited one in its place. Rules that are
 * changed on the host's enforcer meanwhile are not lost: it is replaced in the turn in which nothing is left to bring in.
 * @throws InvalidInputError if it holds a rule that does not fit its model, or that its own table lacks, or if somebody else has it
 * or removes rules from it: it is not replaced then
 */
export async function takeOver(host: HostEnforcer, parts: TakeOverParts): Promise<void> {
  const { enforcer, memory } = parts;
  host.claim(() => !memory.isStopped);
  let held = host.rules();
  for (;;) {
    await (host.table ? hearAll(held, parts) : importRules(host.origin, held, parts.imports));
    const now = host.rules();
    if (now.equals(held)) break;
    if (host.table)
      await enforcer.loadPolicy(); // its adapter writes to the table, of which memory hears nothing
    else assertNoneGone(held, now);
    held = now;
  }
  host.leadTo(enforcer);
}

/** Its adapter writes to our table: what code of the host's has added by it, before now, no record tells of. */
async function hearAll(held: HeldRules, parts: TakeOverParts): Promise<void> {
  await assertNotBeside(held, parts);
  const { model } = parts.enforcer.getModel();
  const ptypes = ['p', 'g'].flatMap((section) => [...(model.get(section)?.keys() ?? [])]);
  const shapes = ptypes.map((ptype) => parts.changes.shapeOf(ptype));
  await recordUnheard({ ...parts, shapes }, "added by the host's enforcer before it was taken over");
}

async function importRules(origin: string, { all }: HeldRules, imports: PolicyImport): Promise<void> {
  if (all.length === 0) return;
  const reason = `import of the enforcer's rules: ${origin}`;
  await imports.import(all, { source, reason }).catch((error: unknown) => {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidInputError(
      'enforcer',
      `holds a rule that cannot be imported from ${origin}: ${error.message} (p rules come first)`,
    );
  });
}

/** The import is committed by then, and a removal that nobody is known to have made is not recorded as ours. */
function assertNoneGone(held: HeldRules, now: HeldRules): void {
  const gone: HeldRule | undefined = held.firstNotIn(now);
  if (!gone) return;
  throw new InvalidInputError(
    'enforcer',
    `lost the rule "${lineOf(gone)}" while its rules were imported, so that it is in casbin_rule. Start again without changing the ` +
      'enforcer meanwhile, and remove the rule then, so that a record tells of it',
  );
}
