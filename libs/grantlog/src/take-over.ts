import { InvalidInputError } from './contract/grantlog.error';
import type { AuditedEnforcer } from './enforcer/audited-enforcer';
import type { HostEnforcer } from './host-enforcer/host-enforcer';
import type { PolicyImport } from './imports/policy-import';

/** One name for whatever adapter the rules come from: under another one, what was removed since would come back. */
const source = 'enforcer';

/**
 * Imports what the host's enforcer holds that is not in our table, and then puts the audited one in its place.
 * @throws InvalidInputError if it holds a rule that does not fit its model; nothing was changed
 */
export async function takeOver(host: HostEnforcer, enforcer: AuditedEnforcer, imports: PolicyImport): Promise<void> {
  const rules = host.table ? [] : host.rules();
  if (rules.length > 0) {
    const reason = `import of the enforcer's rules: ${host.origin}`;
    await imports.import(rules, { source, reason }).catch((error: unknown) => {
      if (!(error instanceof InvalidInputError)) throw error;
      throw new InvalidInputError(
        'enforcer',
        `holds a rule that cannot be imported from ${host.origin}: ${error.message} (p rules come first)`,
      );
    });
  }
  host.leadTo(enforcer);
}
