import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import { complete, type Permission } from './permission';
import { PERMISSIONS_METADATA } from './tokens';

/**
 * Says which permissions a handler needs, all of them; on a controller, those of every handler that has no decorator of its own.
 * It takes AuthZGuard to ask for them.
 */
export const UsePermissions = (...permissions: Permission[]): CustomDecorator =>
  SetMetadata(PERMISSIONS_METADATA, permissions.map(complete));
