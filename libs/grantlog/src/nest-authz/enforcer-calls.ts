/** Names of Casbin's calls that the services offer, as nest-authz 2.17 does. */

export const rbacCalls = [
  'getRolesForUser',
  'getUsersForRole',
  'hasRoleForUser',
  'addRoleForUser',
  'deleteRoleForUser',
  'deleteRolesForUser',
  'deleteUser',
  'deleteRole',
  'deletePermission',
  'addPermissionForUser',
  'deletePermissionForUser',
  'deletePermissionsForUser',
  'getPermissionsForUser',
  'hasPermissionForUser',
  'getImplicitRolesForUser',
  'getImplicitPermissionsForUser',
  'getImplicitUsersForPermission',
] as const;

const questions = ['enforce', 'enforceWithMatcher', 'enforceEx', 'enforceExWithMatcher', 'batchEnforce'] as const;

const names = (['', 'Named'] as const).flatMap(
  (named) =>
    [`getAll${named}Subjects`, `getAll${named}Objects`, `getAll${named}Actions`, `getAll${named}Roles`] as const,
);

const rules = (['', 'Named', 'Grouping', 'NamedGrouping'] as const).flatMap(
  (kind) =>
    [
      `get${kind}Policy`,
      `getFiltered${kind}Policy`,
      `has${kind}Policy`,
      `add${kind}Policy`,
      `add${kind}Policies`,
      `update${kind}Policy`,
      `remove${kind}Policy`,
      `remove${kind}Policies`,
      `removeFiltered${kind}Policy`,
    ] as const,
);

export const managementCalls = [...questions, ...names, ...rules, 'addFunction', 'loadPolicy'] as const;

export const allCalls = [...rbacCalls, 'getImplicitResourcesForUser', ...managementCalls] as const;
