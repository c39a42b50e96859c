export { AUTHZ_ENFORCER } from '../index';
export { AuthZModule } from './authz.module';
export type { AuthZModuleOptions } from './authz-module.options';
export { AuthZGuard } from './authz.guard';
export { AuthZManagementService, AuthZRBACService, AuthZService } from './authz.services';
export type { Permission, PermissionData, ResourceFromContextFn } from './permission';
export { AUTHZ_MODULE_OPTIONS, PERMISSIONS_METADATA } from './tokens';
export { UsePermissions } from './use-permissions';
export {
  AuthAction,
  AuthActionVerb,
  AuthPossession,
  type AuthResource,
  type AuthUser,
  BatchApproval,
  type CustomAuthActionVerb,
} from './vocabulary';
