import { type Model, newModelFromString } from 'casbin';

/** The model of both sides: a subject has a role in a scope. */
export const scopedModel = (): Model =>
  newModelFromString(`
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.scope) && r.act == p.act`);
