import type { INestApplication, Type } from '@nestjs/common';
import { type Call, MemoryAdapter } from './support/casbin-twin';
import { Hosts, type NestAuthz, packages, userFromContext } from './support/nest-authz-host';

const model = `
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act
p2 = sub, act
[role_definition]
g = _, _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && g2(r.obj, p.obj) && r.act == p.act`;

const rows: MemoryAdapter['rows'] = [
  ['p', 'owner', 'org', 'book', 'sell'],
  ['p', 'reader', 'org', 'book', 'read'],
  ['g', 'ann', 'reader', 'org'],
  ['g', 'bob', 'owner', 'org'],
  ['g', 'owner', 'reader', 'org'],
  ['g2', 'novel', 'book'],
];

const lent: Pair = [
  ['writer', 'org', 'book', 'lend'],
  ['writer', 'org', 'book', 'mend'],
];
const hired: Pair = [
  ['cid', 'reader', 'org'],
  ['cid', 'writer', 'org'],
];
const isNight = (subject: unknown): boolean => subject === 'owl';

/** Calls in an order in which the later ones find what the earlier ones have changed; each method is among them. */
const rbac: Call[] = [
  ['getRolesForUser', 'ann', 'org'],
  ['getRolesForUser', 'ann'],
  ['getUsersForRole', 'reader', 'org'],
  ['hasRoleForUser', 'ann', 'reader', 'org'],
  ['hasRoleForUser', 'ann', 'owner', 'org'],
  ['addRoleForUser', 'eve', 'owner', 'org'],
  ['addRoleForUser', 'eve', 'owner', 'org'],
  ['getUsersForRole', 'owner', 'org'],
  ['getImplicitRolesForUser', 'eve', 'org'],
  ['deleteRoleForUser', 'eve', 'owner', 'org'],
  ['deleteRoleForUser', 'eve', 'owner', 'org'],
  ['addRoleForUser', 'eve', 'owner', 'org'],
  ['deleteRolesForUser', 'eve', 'org'],
  ['deleteRolesForUser', 'eve'],
  ['addPermissionForUser', 'eve', 'org', 'book', 'burn'],
  ['getPermissionsForUser', 'eve'],
  ['hasPermissionForUser', 'eve', 'org', 'book', 'burn'],
  ['hasPermissionForUser', 'eve', 'org', 'book', 'read'],
  ['getImplicitPermissionsForUser', 'bob', 'org'],
  ['getImplicitUsersForPermission', 'org', 'book', 'read'],
  ['deletePermissionForUser', 'eve', 'org', 'book', 'burn'],
  ['addPermissionForUser', 'eve', 'org', 'book', 'burn'],
  ['deletePermissionsForUser', 'eve'],
  ['addPermissionForUser', 'eve', 'org', 'book', 'burn'],
  ['deletePermission', 'org', 'book', 'burn'],
  ['deletePermission', 'org', 'book', 'burn'],
  ['addRoleForUser', 'eve', 'reader', 'org'],
  ['deleteUser', 'eve'],
  ['deleteUser', 'eve'],
  ['addPermissionForUser', 'nobodys-role', 'org', 'book', 'read'],
  ['deleteRole', 'nobodys-role'],
  ['deleteRole', 'nobodys-role'],
];

type Pair = readonly [one: readonly [string, ...string[]], two: readonly string[]];

/** `<verb><kind>Policy` and the like, for rules that are not there yet. */
function ofRules(kind: string, named: string[], [one, two]: Pair, renewed: string[]): Call[] {
  return [
    [`add${kind}Policy`, ...named, ...one],
    [`add${kind}Policy`, ...named, ...one],
    [`has${kind}Policy`, ...named, ...one],
    [`has${kind}Policy`, ...named, ...two],
    [`update${kind}Policy`, ...named, one, renewed],
    [`update${kind}Policy`, ...named, one, renewed],
    [`get${kind}Policy`, ...named],
    [`remove${kind}Policy`, ...named, ...renewed],
    [`remove${kind}Policy`, ...named, ...renewed],
    [`add${kind}Policies`, ...named, [one, two]],
    [`add${kind}Policies`, ...named, [one, two]],
    [`getFiltered${kind}Policy`, ...named, 0, one[0]],
    [`getFiltered${kind}Policy`, ...named, 1, one[1]],
    [`removeFiltered${kind}Policy`, ...named, 0, one[0]],
    [`removeFiltered${kind}Policy`, ...named, 0, one[0]],
    [`add${kind}Policies`, ...named, [one, two]],
    [`remove${kind}Policies`, ...named, [one, two]],
    [`remove${kind}Policies`, ...named, [one, two]],
    [`get${kind}Policy`, ...named],
  ];
}

const names: Call[] = [
  ...['Subjects', 'Objects', 'Actions', 'Roles'].map((what): Call => [`getAll${what}`]),
  ...['Subjects', 'Objects', 'Actions'].map((what): Call => [`getAllNamed${what}`, 'p']),
  ['getAllNamedRoles', 'g2'],
];

/** Those of nest-authz's AuthZManagementService refuse whatever they are asked, so they are compared in AuthZService alone. */
const decisions: Call[] = [
  ['enforce', 'ann', 'org', 'novel', 'read'],
  ['enforce', 'ann', 'org', 'novel', 'sell'],
  ['enforceEx', 'ann', 'org', 'novel', 'read'],
  ['enforceEx', 'ann', 'org', 'novel', 'sell'],
  ['enforceWithMatcher', 'isNight(r.sub)', 'owl', 'org', 'novel', 'read'],
  ['enforceWithMatcher', 'isNight(r.sub)', 'ann', 'org', 'novel', 'read'],
  ['enforceExWithMatcher', 'isNight(r.sub)', 'owl', 'org', 'novel', 'read'],
];

const management: Call[] = [
  ['addFunction', 'isNight', isNight],
  [
    'batchEnforce',
    [
      ['ann', 'org', 'novel', 'read'],
      ['ann', 'org', 'novel', 'sell'],
    ],
  ],
  ...names,
  ...ofRules('', [], lent, ['writer', 'org', 'book', 'bind']),
  ...ofRules(
    'Named',
    ['p2'],
    [
      ['owl', 'fly'],
      ['owl', 'sleep'],
    ],
    ['owl', 'sit'],
  ),
  ...ofRules('Grouping', [], hired, ['cid', 'owner', 'org']),
  ...ofRules(
    'NamedGrouping',
    ['g2'],
    [
      ['play', 'book'],
      ['poem', 'book'],
    ],
    ['play', 'novel'],
  ),
  ['loadPolicy'],
  ['getPolicy'],
];

const services = {
  AuthZRBACService: rbac,
  AuthZManagementService: management,
  AuthZService: [...rbac, ['getImplicitResourcesForUser', 'bob', 'org'] as Call, ...management, ...decisions],
} as const;
type ServiceName = keyof typeof services;

/** Every method that an instance of the class has, whichever class it comes from. */
function methodsOf(service: Type): string[] {
  const names = new Set<string>();
  for (
    let type = service.prototype as object;
    type !== Object.prototype;
    type = Object.getPrototypeOf(type) as object
  ) {
    for (const name of Object.getOwnPropertyNames(type)) names.add(name);
  }
  names.delete('constructor');
  return [...names].sort();
}

/** What each call answers. */
async function answersOf(app: INestApplication, type: Type, calls: readonly Call[]): Promise<unknown[]> {
  const service: unknown = app.get(type);
  const answers: unknown[] = [];
  for (const [name, ...given] of calls) {
    const method = Reflect.get(service as object, name) as (...given: unknown[]) => Promise<unknown>;
    answers.push([name, await method.apply(service, given.map(copyOf))]);
  }
  return answers;
}

/** Casbin keeps the arrays that it is given. */
function copyOf(value: unknown): unknown {
  return typeof value === 'function' ? value : structuredClone(value);
}

describe('the services', () => {
  const [theirs, ours] = [packages['nest-authz'], packages['grantlog/nest-authz']];
  const hosts: Hosts[] = [];
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.end();
  });

  async function appOf(authz: NestAuthz): Promise<INestApplication> {
    const host = await Hosts.of(authz);
    hosts.push(host);
    const options = { model: await host.file('model.conf', model), policy: Promise.resolve(new MemoryAdapter(rows)) };
    return host.start({ authz: { ...options, userFromContext } });
  }

  it.each([
    ['AuthZService', 69],
    ['AuthZRBACService', 17],
    ['AuthZManagementService', 51],
  ] as const)('%s has the same %d methods, by the same names', (service, count) => {
    const methods = methodsOf(theirs[service]);
    expect(methods).toHaveLength(count);
    expect(methodsOf(ours[service])).toEqual(methods);
    for (const name of methods) expect(Reflect.get(ours[service].prototype, name)).toHaveProperty('name', name);
  });

  it.each(Object.keys(services) as ServiceName[])('%s answers every call the same', async (service) => {
    const calls = services[service];
    const refused = service === 'AuthZManagementService' ? decisions : [];
    const names = new Set([...calls, ...refused].map(([name]) => name));
    expect([...names].sort()).toEqual(methodsOf(theirs[service]));
    const expected = await answersOf(await appOf(theirs), theirs[service], calls);
    expect(await answersOf(await appOf(ours), ours[service], calls)).toEqual(expected);
  });

  it('lead to what the enforcer has for a method now, with itself as `this`', async () => {
    const app = await appOf(ours);
    const service = app.get(ours.AuthZService);
    const spy = jest.spyOn(service.enforcer, 'getRolesForUser').mockResolvedValue(['spied']);
    expect(await service.getRolesForUser('ann', 'org')).toEqual(['spied']);
    expect(spy.mock.contexts).toEqual([service.enforcer]);
    expect(spy.mock.calls).toEqual([['ann', 'org']]);
  });
});
