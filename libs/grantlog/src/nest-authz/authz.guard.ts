import { type CanActivate, type ExecutionContext, Inject, Injectable, UnauthorizedException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Enforcer } from 'casbin';
import { AUTHZ_ENFORCER, InvalidInputError } from '../index';
import type { AuthZModuleOptions } from './authz-module.options';
import type { CompletePermission, Permission } from './permission';
import { AUTHZ_MODULE_OPTIONS, PERMISSIONS_METADATA } from './tokens';
import { AuthPossession, type AuthResource, type AuthUser, BatchApproval } from './vocabulary';

type Ask<T> = (value: T, index: number, array: T[]) => Promise<boolean>;

/**
 * Lets a request through if its user has every permission that `@UsePermissions` names, and if nothing is named. What is neither
 * public nor protected stands beside the class: a subclass is free in its names, and a proxy of a guard has no #private methods.
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
    const needed = neededIn(context, this.reflector);
    if (!needed) return true;
    const user: AuthUser | undefined = this.options.userFromContext(context);
    if (!user) throw new UnauthorizedException();
    return AuthZGuard.asyncEvery(needed, (permission) =>
      permits({ guard: this, options: this.options, context, user }, permission),
    );
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
    return batchApprovalPolicy === BatchApproval.ANY ? answers.some(Boolean) : answers.every(Boolean);
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
}

/** As `@UsePermissions` completes it. Metadata that the host has set by itself may lack what has a default. */
type Needed = Omit<CompletePermission, 'batchApproval'> & Pick<Permission, 'batchApproval'>;

/** A handler's permissions, or else its controller's; a context that a test has made may know no controller. */
function neededIn(
  context: Pick<ExecutionContext, 'getHandler'> & Partial<ExecutionContext>,
  reflector: Reflector,
): Needed[] | undefined {
  const ofHandler = reflector.get<Needed[] | undefined>(PERMISSIONS_METADATA, context.getHandler());
  const controller = context.getClass?.();
  if (ofHandler !== undefined || !controller) return ofHandler;
  return reflector.get<Needed[] | undefined>(PERMISSIONS_METADATA, controller);
}

interface Request {
  readonly guard: AuthZGuard;
  readonly options: AuthZModuleOptions;
  readonly context: ExecutionContext;
  readonly user: AuthUser;
}

async function permits({ guard, options, context, user }: Request, permission: Needed): Promise<boolean> {
  const { action, possession } = permission;
  const batchApproval = permission.batchApproval ?? options.batchApproval;
  const resource = resourceOf(permission, options, context);
  if (!options.enablePossession) return guard.enforce(user, resource, action, batchApproval);
  const { ANY, OWN, OWN_ANY } = AuthPossession;
  return AuthZGuard.asyncSome(possession === OWN_ANY ? [ANY, OWN] : [possession], async (whose) =>
    whose === OWN ? permission.isOwn(context) : guard.enforce(user, resource, `${action}:${whose}`, batchApproval),
  );
}

/** @throws InvalidInputError if metadata does not say it: the permission's `resource` might be another than the request's */
function resourceOf(
  { resource, action, possession, resourceFromContext }: Needed,
  options: AuthZModuleOptions,
  context: ExecutionContext,
): AuthResource | AuthResource[] {
  const told = { resource, action, possession };
  if (typeof resourceFromContext === 'function') return resourceFromContext(context, told);
  if (resourceFromContext === true)
    return options.resourceFromContext ? options.resourceFromContext(context, told) : resource;
  throw new InvalidInputError(
    'resourceFromContext',
    'is missing in the metadata __PERMISSIONS__ of this handler; set it by @UsePermissions, which fills in what has a default',
  );
}
