import * as grantlog from 'grantlog';

describe('the public names', () => {
  it('are these, and a change of them is a decision', () => {
    expect(Object.keys(grantlog).sort()).toMatchInlineSnapshot(`
     [
       "AUTHZ_ENFORCER",
       "Attempts",
       "AuditTrail",
       "AuditedEnforcer",
       "Explainer",
       "Followers",
       "GRANTLOG_OPEN",
       "GRANTLOG_PERMISSION",
       "GrantlogError",
       "GrantlogErrorFilter",
       "GrantlogHealth",
       "GrantlogModule",
       "InvalidInputError",
       "KeySyntax",
       "MissingActorError",
       "NotCaughtUpError",
       "NotConnectedError",
       "NotInstalledError",
       "OutboxRelay",
       "OutcomeUnknownError",
       "PolicyImport",
       "ReadOnlyError",
       "RecordedReads",
       "RoleAssignments",
       "UnauditedCallError",
       "Viewer",
       "adoptRules",
       "appendOnlyReport",
       "audited",
       "grantlogEntities",
       "grantlogMigrations",
       "grantlogMigrationsFor",
       "grantsFor",
       "reconcile",
       "runAs",
     ]
    `);
  });
});
