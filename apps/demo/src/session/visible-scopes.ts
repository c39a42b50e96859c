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
export const visibleScopes = (modules: ModuleRef): ScopesOfViewer => {
  let isReadable = false;
  return async (viewer, _request, permitted) => {
    if (viewer === adminKey) return 'all';
    let visible: VisibleScopes = {};
    try {
      visible = await permitted(permission);
      isReadable = true;
    } catch (error) {
      // Only the model itself is bad input. What was readable once and is no more, or too much to tell, shows nothing.
      if (isReadable || !(error instanceof InvalidInputError)) throw error;
    }
    if (seesAnything(visible)) return visible;
    const enforcer = modules.get<AuditedEnforcer>(AUTHZ_ENFORCER, { strict: false });
    return (await enforcer.enforce(viewer, permission, '*')) ? 'all' : {};
  };
};

export function seesAnything(visible: VisibleScopes): boolean {
  return visible === 'all' || (visible.scopes ?? []).length > 0;
}
