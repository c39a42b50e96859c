import { Inject, Injectable } from '@nestjs/common';
import type { Enforcer } from 'casbin';
import { AUTHZ_ENFORCER } from '../index';
import { allCalls, managementCalls, rbacCalls } from './enforcer-calls';
import { delegating } from './enforcer-delegate';

/** Casbin's API of users and roles and its management API, on the audited enforcer: what they change is recorded. */
@Injectable()
export class AuthZService extends delegating(allCalls) {
  constructor(@Inject(AUTHZ_ENFORCER) enforcer: Enforcer) {
    super(enforcer);
  }
}

/** Casbin's API of users and roles alone. AuthZService has it, too. */
@Injectable()
export class AuthZRBACService extends delegating(rbacCalls) {
  constructor(@Inject(AUTHZ_ENFORCER) enforcer: Enforcer) {
    super(enforcer);
  }
}

/** Casbin's management API alone. AuthZService has it, too. */
@Injectable()
export class AuthZManagementService extends delegating(managementCalls) {
  constructor(@Inject(AUTHZ_ENFORCER) enforcer: Enforcer) {
    super(enforcer);
  }
}
