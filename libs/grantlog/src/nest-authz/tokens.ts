/** Injection token of the options, with the defaults filled in. The same text as nest-authz's, by which hosts inject them. */
export const AUTHZ_MODULE_OPTIONS = 'AUTHZ_MODULE_OPTIONS';

/** Key of the metadata that `@UsePermissions` sets and AuthZGuard reads. */
export const PERMISSIONS_METADATA = '__PERMISSIONS__';
