import type { ExecutionContext } from '@nestjs/common';
import { copyWith } from './copy-with';
import {
  type AuthActionVerb,
  AuthPossession,
  type AuthResource,
  BatchApproval,
  type CustomAuthActionVerb,
} from './vocabulary';

/** What a request needs. */
export interface Permission {
  resource: AuthResource;
  action: AuthActionVerb | CustomAuthActionVerb;
  /** Default: `AuthPossession.ANY` */
  possession?: AuthPossession;
  /** Whether the resource is the user's own; asked where `possession` counts that. Default: it never is */
  isOwn?: (ctx: ExecutionContext) => boolean;
  /** What the resource of a request is: this function answers, or with `true` the module's. Default: `resource` as it stands */
  resourceFromContext?: boolean | ResourceFromContextFn;
  /** Where `resourceFromContext` answers several. Default: `BatchApproval.ALL` */
  batchApproval?: BatchApproval;
}

/** What `resourceFromContext` is told of a permission: resource, action and possession. */
export type PermissionData = Omit<Permission, 'isOwn'>;

export type ResourceFromContextFn = (
  context: ExecutionContext,
  permission: PermissionData,
) => AuthResource | AuthResource[];

/** A permission with every default filled in, as the metadata holds it. */
export type CompletePermission = Required<Permission>;

const defaults: Omit<CompletePermission, 'resource' | 'action'> = {
  possession: AuthPossession.ANY,
  isOwn: () => false,
  resourceFromContext: (_context, { resource }) => resource,
  batchApproval: BatchApproval.ALL,
};

/** Fills in the defaults of a copy: the host's object may serve several handlers, and change later. */
export function complete(permission: Permission): CompletePermission {
  const missing = Object.entries(defaults).filter(([name]) => !permission[name as keyof typeof defaults]);
  return copyWith(permission, Object.fromEntries(missing)) as CompletePermission;
}
