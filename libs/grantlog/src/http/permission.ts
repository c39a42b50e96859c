import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** What a call of the HTTP surface needs its caller to be allowed to do. */
export type GrantlogPermission = 'audit.read' | 'roles.manage';

/** Key of the metadata under which a handler names its permission; read it in a guard with Nest's Reflector. */
export const GRANTLOG_PERMISSION = 'grantlog:permission';

export const NeedsPermission = (permission: GrantlogPermission): CustomDecorator =>
  SetMetadata(GRANTLOG_PERMISSION, permission);

/** Key of the metadata that says that a handler has no data to protect and must answer without a sign-in: a global guard lets it through. */
export const GRANTLOG_OPEN = 'grantlog:open';

export const GrantlogOpen = (): CustomDecorator => SetMetadata(GRANTLOG_OPEN, true);
