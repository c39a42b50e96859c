import { type Enforcer, type Model, Util } from 'casbin';
import type { EnforcerClass } from '../enforcer/audited-enforcer';
import { ReadOnlyAdapter } from '../enforcer/read-only-adapter';
import { stateOf } from '../host-enforcer/casbin-state';
import { ownFields } from '../host-enforcer/shared-fields';
import type { Matching } from '../policy/casbin-patterns';
import { RoleLinks } from '../policy/role-links';
import type { AskedRoles } from './asked-roles';

/** What decides, besides the rules. */
export interface Deciding {
  readonly model: Model;
  readonly enforcerClass: EnforcerClass;
  readonly scopeMatching: 'exact' | 'glob';
  /** The enforcer of the app, whose functions and switches count as they are when the question is put. Default: none */
  readonly live?: Enforcer;
}

/** The functions of the host by which names or scopes of a grouping stand for others. */
export function matchingOf(ptype: string, { live, scopeMatching }: Deciding): Matching {
  const links = live?.getNamedRoleManager(ptype);
  if (links instanceof RoleLinks) return links.matchedBy;
  return ptype === 'g' && scopeMatching === 'glob' ? { domains: Util.keyMatchFunc } : {};
}

/**
 * Gives a trial's enforcer what the app's decides by. Its memory stays its own, and so does every object that the host's class keeps:
 * one that remembers decisions would go on to answer by those of a trial.
 */
export function decideAlike(trial: Enforcer, roles: ReadonlyMap<string, AskedRoles>, deciding: Deciding): void {
  trial.setAdapter(new ReadOnlyAdapter());
  for (const [ptype, asked] of roles) asked.matchBy(matchingOf(ptype, deciding));
  const { live } = deciding;
  if (!live) return;
  for (const name of ownFields(live)) {
    const value: unknown = Reflect.get(live, name);
    if (typeof name === 'string' && !isObject(value)) Reflect.set(trial, name, value);
  }
  const { fm, eft, enabled, acceptJsonRequest } = stateOf(live);
  const functions = stateOf(trial).fm.getFunctions() as Map<string, unknown>;
  for (const [name, fn] of fm.getFunctions() as Map<string, unknown>) functions.set(name, fn);
  trial.setEffector(eft);
  trial.enableEnforce(enabled);
  trial.enableAcceptJsonRequest(acceptJsonRequest);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
