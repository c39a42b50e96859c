/** What the module's own providers are found by. */
export const GRANTLOG_OPTIONS = Symbol('GRANTLOG_OPTIONS');
export const RESOLVED_OPTIONS = Symbol('RESOLVED_OPTIONS');
export const DATA_SOURCE = Symbol('DATA_SOURCE');
export const ENFORCER_ASSEMBLY = Symbol('ENFORCER_ASSEMBLY');
export const ATTEMPT_LOG = Symbol('ATTEMPT_LOG');
export const ATTEMPT_WATCH = Symbol('ATTEMPT_WATCH');
export const DECISION_FEED = Symbol('DECISION_FEED');
export const DECISION_LISTENERS = Symbol('DECISION_LISTENERS');
