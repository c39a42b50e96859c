import type { OpenAPIObject } from '@nestjs/swagger';

/** What test/fresh-app/main.ts prints last. */
export interface Report {
  readonly readme: object;
  readonly http: {
    readonly answers: Record<string, string>;
    readonly records: object[];
    readonly console: object;
    readonly document: OpenAPIObject;
  };
  readonly nestAuthz: object;
  readonly ownEnforcers: object;
  readonly copies: { readonly names: number; readonly differing: string[] };
}

/** What the last line of the output says. */
export function reportIn(stdout: string): Report {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report;
}

/** Before a user has the role, with it, and without it again. */
const grantedAndRevoked = [false, true, false];

/** What an app of either release must find, whatever it is compiled to. */
export const expectedReport = {
  readme: {
    changed: true,
    records: [
      {
        seq: '1',
        type: 'role_assignment.created',
        actor: null,
        role: 'role^library_admin',
        scope: 'lib^lib:Org1:math',
        reason: 'starts today',
      },
    ],
    holders: ['user^42'],
    instances: [true, true],
  },
  http: {
    answers: {
      'GET role-assignments?limit=5': '200',
      'GET role-assignments?limit=0': '400 limit',
      'GET audit-records?colour=red': '400 colour',
      'GET audit-records?subject=user^1&subject=user^2': '400 subject',
      'GET audit-records/export?format=xml': '400 format',
      'GET enforce?subject=user^1&action=act^read': '400 scope',
      'GET health?verbose=1': '400 verbose',
      'POST role-assignments {"assignments":[{"subject":"user^1","role":"role^reader","scope":"lib^lib:Org1:math"}],"reason":"asked for"}':
        '200',
      'POST role-assignments {"assignments":[]}': '400 assignments',
      'POST role-assignments {"assignments":[{"subject":"user^1","role":"role^reader","scope":"lib^lib:Org1:math","extra":1}]}':
        '400 assignments[0].extra',
      'POST role-assignments?dry=1 {"assignments":[{"subject":"user^1","role":"role^reader","scope":"lib^lib:Org1:math"}]}':
        '400 dry',
      'POST role-assignments/remove {}': '400 assignments',
    },
    records: [{ type: 'role_assignment.created', actor: 'user^7', reason: 'asked for' }],
    console: {
      led: '302 console/',
      page: '200 text/html; charset=utf-8',
      assets: ['200 text/css; charset=utf-8', '200 text/javascript; charset=utf-8'],
    },
  },
  nestAuthz: {
    before: [401, 200, 403],
    after: 200,
    records: [
      { type: 'role_assignment.created', actor: null, subject: 'bob', role: 'admin' },
      { type: 'role_assignment.created', actor: 'system^import', subject: 'alice', role: 'admin' },
      { type: 'policy.created', actor: 'system^import', subject: 'admin', role: null },
    ],
    oneEnforcer: true,
  },
  ownEnforcers: {
    enforcer: { imported: true, decisions: grantedAndRevoked, context: true, isOfItsClass: true },
    enforcerClass: {
      Enforcer: { decisions: grantedAndRevoked, isOfItsClass: true },
      CachedEnforcer: { decisions: grantedAndRevoked, isOfItsClass: true },
      SyncedEnforcer: { decisions: grantedAndRevoked, isOfItsClass: true },
      Observed: { decisions: grantedAndRevoked, isOfItsClass: true, asked: 3 },
    },
    enforcerProvider: { decisions: grantedAndRevoked },
  },
  copies: { differing: [] },
};
