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
import { AUTHZ_ENFORCER, AuditedEnforcer, GRANTLOG_PERMISSION, type GrantlogPermission, Viewer } from 'grantlog';
import { SessionTokens } from './session-tokens';
import { adminKey, type SignedIn } from './signed-in';
import { seesAnything } from './visible-scopes';

/**
 * Lets in who is signed in and whom the policy allows what the endpoint needs: `act^roles.manage` on `*`, or `act^audit.read` somewhere,
 * which is where Grantlog then lets them see.
 */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: SessionTokens,
    @Inject(AUTHZ_ENFORCER) private readonly enforcer: AuditedEnforcer,
    private readonly viewer: Viewer,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request & { user?: SignedIn }>();
    const key = await this.tokens.read(bearerOf(request));
    if (key === undefined)
      throw new UnauthorizedException('Sign in with POST /session and send the token as "Authorization: Bearer …".');
    request.user = { key };
    const permission = this.reflector.get<GrantlogPermission | undefined>(GRANTLOG_PERMISSION, context.getHandler());
    if (!permission) return false;
    const reads = permission === 'audit.read';
    if (reads ? seesAnything(await this.viewer.visible()) : await this.mayEverywhere(key, permission)) return true;
    const where = reads ? 'in some scope' : 'on *';
    throw new ForbiddenException(`${key} may not do this: it needs act^${permission} ${where}.`);
  }

  private async mayEverywhere(key: string, permission: GrantlogPermission): Promise<boolean> {
    return key === adminKey || this.enforcer.enforce(key, `act^${permission}`, '*');
  }
}

function bearerOf({ headers }: Request): string {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}
