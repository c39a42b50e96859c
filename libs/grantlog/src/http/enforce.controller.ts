import { Get, Inject, Injectable } from '@nestjs/common';
import { GrantlogError } from '../contract/grantlog.error';
import { KeySyntax, plainText } from '../contract/namespaced-key';
import { isVisible } from '../contract/visible-scopes';
import { AuditedEnforcer } from '../enforcer/audited-enforcer';
import { AUTHZ_ENFORCER } from '../enforcer/authz-enforcer';
import { decision } from './answer-schemas';
import { CheckedQuery } from './checked';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import { enforceQuery, type EnforceQuery } from './query-schemas';
import { Viewer } from './viewer';

@Injectable()
export class EnforceController {
  constructor(
    @Inject(AUTHZ_ENFORCER) private readonly enforcer: AuditedEnforcer,
    private readonly viewer: Viewer,
    private readonly keys: KeySyntax,
  ) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('Whether a subject may do an action in a scope: enforce(subject, action, scope)', decision, true)
  async enforce(@CheckedQuery(enforceQuery) asked: EnforceQuery): Promise<{ allowed: boolean }> {
    const subject = plainText(asked.subject, 'subject');
    const action = plainText(asked.action, 'action');
    const scope = plainText(asked.scope, 'scope');
    const visible = await this.viewer.visible();
    if (!isVisible(visible, scope, (key) => this.keys.namespaceOf(key))) {
      throw new GrantlogError('NOT_FOUND', `There is nothing to be seen of the scope ${scope}.`);
    }
    return { allowed: await this.enforcer.enforce(subject, action, scope) };
  }
}
