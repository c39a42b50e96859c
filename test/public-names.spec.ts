import * as grantlog from 'grantlog';

describe('the public names', () => {
  it('are these, and a change of them is a decision', () => {
    expect(Object.keys(grantlog).sort()).toMatchInlineSnapshot(`
     [
       "AUTHZ_ENFORCER",
       "AuditTrail",
       "AuditedEnforcer",
       "Followers",
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
       "ReadOnlyError",
       "RoleAssignments",
       "UnauditedCallError",
       "appendOnlyReport",
       "audited",
       "grantlogEntities",
       "grantlogMigrations",
       "grantsFor",
       "runAs",
     ]
    `);
  });
});
