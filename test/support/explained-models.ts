import { type Model, newModelFromString } from 'casbin';
import { demoModel, plainModel, scopedModel } from './models';

/** A model with the rules that are drawn for it, and what they are about. */
export interface ExplainedModel {
  readonly name: string;
  readonly model: () => Model;
  readonly scopeMatching: 'exact' | 'glob';
  /** What may follow role, action and scope in a `p` rule. */
  readonly rest: readonly (readonly string[])[];
  readonly hasScopes: boolean;
  readonly hasActions: boolean;
}

export const definition = (
  policy: string,
  roles: string,
  effect: string,
  matcher: string,
  request = 'sub, act, scope',
): Model =>
  newModelFromString(`[request_definition]
r = ${request}
[policy_definition]
p = ${policy}
[role_definition]
${roles}
[policy_effect]
e = ${effect}
[matchers]
m = ${matcher}`);

const scoped = 'g(r.sub, p.sub, r.scope) && keyMatch(r.scope, p.scope) && r.act == p.act';
export const allowed = 'some(where (p.eft == allow))';
const effects = [['allow'], ['deny'], ['allow'], ['']];

const base = { scopeMatching: 'exact', rest: [[]], hasScopes: true, hasActions: false } as const;

export const explainedModels: readonly ExplainedModel[] = [
  { ...base, name: 'scopes and implied actions', model: scopedModel, hasActions: true },
  { ...base, name: 'globs', model: scopedModel, scopeMatching: 'glob', hasActions: true },
  { ...base, name: 'the demo, with denials', model: demoModel, scopeMatching: 'glob', rest: effects, hasActions: true },
  { ...base, name: 'roles without scopes', model: plainModel, hasScopes: false },
  {
    ...base,
    name: 'priorities by number',
    model: () => definition('sub, act, scope, eft, priority', 'g = _, _, _', 'priority(p.eft) || deny', scoped),
    rest: [
      ['allow', '1'],
      ['deny', '1'],
      ['deny', '2'],
      ['allow', '10'],
    ],
  },
  {
    ...base,
    name: 'priorities by order',
    model: () => definition('sub, act, scope, eft', 'g = _, _, _', 'priority(p.eft) || deny', scoped),
    scopeMatching: 'glob',
    rest: effects,
  },
  {
    ...base,
    name: 'priorities by the hierarchy of subjects',
    model: () =>
      definition(
        'sub, act, scope, eft',
        'g = _, _',
        'subjectPriority(p.eft) || deny',
        'g(r.sub, p.sub) && r.act == p.act && keyMatch(r.scope, p.scope)',
      ),
    rest: effects,
    hasScopes: false,
  },
  {
    ...base,
    name: 'everything that is not denied',
    model: () => definition('sub, act, scope, eft', 'g = _, _, _', '!some(where (p.eft == deny))', scoped),
    rest: effects,
  },
  {
    ...base,
    name: 'a matcher with several ways in',
    model: () =>
      definition(
        'sub, act, scope',
        'g = _, _, _',
        allowed,
        'r.sub == "user^root" || (r.act == p.act && (g(r.sub, p.sub, "*") || g(r.sub, p.sub, r.scope) || g(r.sub, p.sub, p.scope)))',
      ),
  },
];
