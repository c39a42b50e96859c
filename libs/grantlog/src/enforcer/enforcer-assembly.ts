import { readFileSync } from 'node:fs';
import { type Model, newEnforcerWithClass, newModelFromString, Util } from 'casbin';
import type { DataSource, EntityManager } from 'typeorm';
import type { Attributor } from '../context/attributor';
import { GrantlogError, InvalidInputError } from '../contract/grantlog.error';
import type { CommitSignal } from '../outbox/commit-signal';
import { audited, type AuditedEnforcer, type EnforcerClass } from './audited-enforcer';
import { CallerTransaction } from '../rules/caller-transaction';
import { CommittedMemory } from '../memory/committed-memory';
import { IndexedModel } from '../policy/indexed-model';
import { MemorySweep } from '../memory/memory-sweep';
import { PolicyMemory } from '../policy/policy-memory';
import { RoleLinks } from '../policy/role-links';
import { partOf } from '../memory/rule-part';
import { sectionOf } from '../rules/rule';
import { ReadOnlyAdapter } from './read-only-adapter';
import { RuleChanges } from '../rules/rule-changes';
import type { RuleReader } from '../memory/rule-reader';
import { RuleStore } from '../rules/rule-store';

export interface EnforcerOptions {
  readonly dataSource: DataSource;
  /** A Casbin model, or the path of its CONF file. */
  readonly model: Model | string;
  readonly enforcerClass: EnforcerClass;
  readonly scopeMatching: 'exact' | 'glob';
  readonly ambientManager: () => EntityManager | undefined;
  readonly maxRules: number;
  readonly attributor: Attributor;
  readonly signal: CommitSignal;
  readonly reader: RuleReader;
  readonly maxStaleness: number;
  readonly onStale: 'answer' | 'deny';
}

/** The enforcer with what belongs to it: the way rules change, and the memory that follows them. */
export interface EnforcerAssembly {
  readonly enforcer: AuditedEnforcer;
  readonly changes: RuleChanges;
  readonly memory: MemorySweep;
}

/** Builds an audited enforcer; its memory is empty until `memory.start()`. */
export async function assembleEnforcer(options: EnforcerOptions): Promise<EnforcerAssembly> {
  const { dataSource, attributor, signal, maxRules } = options;
  const model = new IndexedModel(readModel(options.model));
  checkRoles(model);
  const enforcer = await newEnforcerWithClass(audited(options.enforcerClass), model);
  const links = linksFor(model, enforcer);
  if (options.scopeMatching === 'glob') await enforcer.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
  const committed = new CommittedMemory(new PolicyMemory({ model, links, changed: () => enforcer.memoryChanged() }));
  const memory = new MemorySweep(options.reader, committed, options);
  const store = new RuleStore({
    dataSource,
    signal,
    size: () => committed.size,
    committed: async (changes, whole) => {
      await memory.committed(changes, whole);
      enforcer.tellWatchers(changes);
    },
    agree: (operation, rules) => memory.agree(operation, rules),
    look: () => memory.look(),
  });
  signal.onCommit((inMemory) => {
    if (!inMemory) enforcer.tellWatchers();
  });
  const transaction = new CallerTransaction(dataSource, options.ambientManager);
  const changes = new RuleChanges({ model, store, attributor, transaction, maxRules });
  const adapter = new ReadOnlyAdapter();
  enforcer.attach({
    changes,
    memory,
    partOf: (filters) => partOf(dataSource, filters),
    adapter,
    denyWhenStale: options.onStale === 'deny',
  });
  return { enforcer, changes, memory };
}

/** @throws InvalidInputError for a model without roles, or with groupings that Casbin's role managers cannot hold */
function checkRoles({ shapes }: IndexedModel): void {
  if (!shapes.some(({ ptype }) => ptype === 'g')) {
    throw new InvalidInputError('model', 'must define roles: [role_definition] with a "g"');
  }
  for (const { ptype, arity } of shapes) {
    if (sectionOf(ptype) !== 'g' || arity === 2 || arity === 3) continue;
    throw new InvalidInputError(
      'model',
      `defines "${ptype}" with ${arity} columns; a role definition has two or three`,
    );
  }
}

/** Gives each grouping a role manager whose links follow the rules. */
function linksFor(model: IndexedModel, enforcer: AuditedEnforcer): Map<string, RoleLinks> {
  const groupings = model.shapes.map(({ ptype }) => ptype).filter((ptype) => sectionOf(ptype) === 'g');
  const links = new Map(groupings.map((ptype) => [ptype, new RoleLinks()]));
  for (const [ptype, roleLinks] of links) {
    enforcer.setNamedRoleManager(ptype, roleLinks);
    model.link(ptype, roleLinks);
  }
  return links;
}

/** The model could not be read. The message names the file and what Casbin says about it. */
export class ModelError extends GrantlogError {
  constructor(path: string, cause: unknown) {
    super(
      'INVALID_INPUT',
      `model: ${path} is not a Casbin model: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

function readModel(model: Model | string): Model {
  if (typeof model !== 'string') return model;
  try {
    return newModelFromString(readFileSync(model, 'utf8')); // newModelFromFile works only once Casbin has made an enforcer
  } catch (error) {
    throw new ModelError(model, error);
  }
}
