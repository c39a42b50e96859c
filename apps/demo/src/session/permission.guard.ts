import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { AUTHZ_ENFORCER, AuditedEnforcer, GRANTLOG_PERMISSION, type GrantlogPermission } from 'grantlog';
import { SessionTokens } from './session-tokens';
import { adminKey, type SignedIn } from './signed-in';

/** Lets in who is signed in and whom the policy allows what the endpoint needs: `act^audit.read` or `act^roles.manage` on `*`. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: SessionTokens,
    @Inject(AUTHZ_ENFORCER) private readonly enforcer: AuditedEnforcer,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request & { user?: SignedIn }>();
    const key = await this.tokens.read(bearerOf(request));
    if (key === undefined)
      throw new UnauthorizedException('Sign in with POST /session and send the token as "Authorization: Bearer …".');
    request.user = { key };
    const permission = this.reflector.get<GrantlogPermission | undefined>(GRANTLOG_PERMISSION, context.getHandler());
    if (!permission) return false;
    if (key === adminKey || (await this.enforcer.enforce(key, `act^${permission}`, '*'))) return true;
    throw new ForbiddenException(`${key} may not do this: it needs act^${permission} on *.`);
  }
}

function bearerOf({ headers }: Request): string {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}
