/** Injection token of the audited Casbin enforcer. The same text as nest-authz's, whose users inject by it. */
export const AUTHZ_ENFORCER = 'AUTHZ_ENFORCER';
