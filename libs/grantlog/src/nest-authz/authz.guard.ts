import { type CanActivate, type ExecutionContext, Inject, Injectable, UnauthorizedException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Enforcer } from 'casbin';
import { AUTHZ_ENFORCER } from '../index';
import type { AuthZModuleOptions } from './authz-module.options';
import type { CompletePermission } from './permission';
import { AUTHZ_MODULE_OPTIONS, PERMISSIONS_METADATA } from './tokens';
import { AuthPossession, type AuthResource, type AuthUser, BatchApproval } from './vocabulary';

type Ask<T> = (value: T, index: number, array: T[]) => Promise<boolean>;

/**
 * Lets a request through if its user has every permission that `@UsePermissions` names, and if nothing is named.
 * What belongs to this class alone is #private, so that a subclass of the host is free in its names.
 */
@Injectable()
export class AuthZGuard implements CanActivate {
  constructor(
    protected readonly reflector: Reflector,
    @Inject(AUTHZ_ENFORCER) protected enforcer: Enforcer,
    @Inject(AUTHZ_MODULE_OPTIONS) protected options: AuthZModuleOptions,
  ) {}

  /** @throws UnauthorizedException if permissions are needed and there is no user */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()];
    const needed = this.reflector.getAllAndOverride<CompletePermission[] | undefined>(PERMISSIONS_METADATA, places);
    if (!needed) return true;
    const user: AuthUser | undefined = this.options.userFromContext(context);
    if (!user) throw new UnauthorizedException();
    return AuthZGuard.asyncEvery(needed, (permission) => this.#permits(user, permission, context));
  }

  /**
   * Asks Casbin, also for each of several resources.
   * @param batchApprovalPolicy whether one of several resources is enough. Default: it takes all of them
   */
  async enforce(
    user: AuthUser,
    resource: AuthResource | AuthResource[],
    action: string,
    batchApprovalPolicy?: BatchApproval,
  ): Promise<boolean> {
    if (!Array.isArray(resource)) return this.enforcer.enforce(user, resource, action);
    const requests = (resource as AuthResource[]).map((one) => [user, one, action]);
    const answers = await this.enforcer.batchEnforce(requests);
    return batchApprovalPolicy === BatchApproval.ANY ? answers.includes(true) : !answers.includes(false);
  }

  /** Whether the answer is yes for one of the values; they are asked in turn, until it is. */
  static async asyncSome<T>(array: T[], callback: Ask<T>): Promise<boolean> {
    for (const [index, value] of array.entries()) if (await callback(value, index, array)) return true;
    return false;
  }

  /** Whether the answer is yes for all of the values; they are asked in turn, while it is. */
  static async asyncEvery<T>(array: T[], callback: Ask<T>): Promise<boolean> {
    for (const [index, value] of array.entries()) if (!(await callback(value, index, array))) return false;
    return true;
  }

  async #permits(user: AuthUser, permission: CompletePermission, context: ExecutionContext): Promise<boolean> {
    const { action, possession, batchApproval, isOwn } = permission;
    const resource = this.#resourceOf(permission, context);
    if (!this.options.enablePossession) return this.enforce(user, resource, action, batchApproval);
    const { ANY, OWN, OWN_ANY } = AuthPossession;
    return AuthZGuard.asyncSome(possession === OWN_ANY ? [ANY, OWN] : [possession], async (whose) =>
      whose === OWN ? isOwn(context) : this.enforce(user, resource, `${action}:${whose}`, batchApproval),
    );
  }

  #resourceOf(permission: CompletePermission, context: ExecutionContext): AuthResource | AuthResource[] {
    const { resource, action, possession, resourceFromContext } = permission;
    const answer = resourceFromContext === true ? this.options.resourceFromContext : resourceFromContext;
    return answer ? answer(context, { resource, action, possession }) : resource;
  }
}
