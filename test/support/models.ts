import { type Model, newModelFromString } from 'casbin';
import { readModel } from '../../libs/grantlog/src/policy/read-model';

const policy = `
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
`;

/** Subjects have roles in scopes; `g2` says which action implies another. */
export const scopedModel = (): Model =>
  newModelFromString(`[role_definition]
g = _, _, _
g2 = _, _
${policy}
m = g(r.sub, p.sub, r.scope) && keyMatch(r.scope, p.scope) && (r.act == p.act || g2(p.act, r.act))`);

/** Subjects have roles everywhere. */
export const plainModel = (): Model =>
  newModelFromString(`[role_definition]
g = _, _
${policy}
m = g(r.sub, p.sub) && keyMatch(r.scope, p.scope) && r.act == p.act`);

/** The demo's: scopes, implied actions, and rules that deny. */
export const demoModel = (): Model => readModel('apps/demo/sample/model.conf');
