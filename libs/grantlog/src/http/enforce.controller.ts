import { Get, Inject, Injectable } from '@nestjs/common';
import { AuditedEnforcer } from '../enforcer/audited-enforcer';
import { AUTHZ_ENFORCER } from '../enforcer/authz-enforcer';
import { decision } from './answer-schemas';
import { CheckedQuery } from './checked';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import { enforceQuery, type EnforceQuery } from './query-schemas';

@Injectable()
export class EnforceController {
  constructor(@Inject(AUTHZ_ENFORCER) private readonly enforcer: AuditedEnforcer) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('Whether a subject may do an action in a scope: enforce(subject, action, scope)', decision)
  async enforce(@CheckedQuery(enforceQuery) { subject, action, scope }: EnforceQuery): Promise<{ allowed: boolean }> {
    return { allowed: await this.enforcer.enforce(subject, action, scope) };
  }
}
