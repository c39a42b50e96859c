import type { ModuleRef } from '@nestjs/core';
import {
  AUTHZ_ENFORCER,
  type AuditedEnforcer,
  InvalidInputError,
  type ScopesOfViewer,
  type VisibleScopes,
} from 'grantlog';
import { adminKey } from './signed-in';

const permission = 'act^audit.read';

/**
 * The admin sees everything, whatever the policy says; others where it allows them to read. A model of which Grantlog cannot tell where that
 * is, or that knows `*` as a name only, is asked about `*`, which stands for everything here.
 */
export const visibleScopes =
  (modules: ModuleRef): ScopesOfViewer =>
  async (viewer, _request, permitted) => {
    if (viewer === adminKey) return 'all';
    const visible = await permitted(permission).catch(nowhereIfUnreadable);
    if (seesAnything(visible)) return visible;
    const enforcer = modules.get<AuditedEnforcer>(AUTHZ_ENFORCER, { strict: false });
    return (await enforcer.enforce(viewer, permission, '*')) ? 'all' : {};
  };

export function seesAnything(visible: VisibleScopes): boolean {
  return visible === 'all' || (visible.scopes ?? []).length > 0;
}

function nowhereIfUnreadable(error: unknown): VisibleScopes {
  if (error instanceof InvalidInputError) return {};
  throw error;
}
