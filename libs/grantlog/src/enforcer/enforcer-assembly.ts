import { readFileSync } from 'node:fs';
import { type Model, newEnforcerWithClass, newModelFromString, Util } from 'casbin';
import type { DataSource, EntityManager } from 'typeorm';
import type { Attributor } from '../context/attributor';
import { GrantlogError } from '../contract/grantlog.error';
import type { CommitSignal } from '../outbox/commit-signal';
import { AuditedEnforcer } from './audited-enforcer';
import { CallerTransaction } from '../rules/caller-transaction';
import { CommittedMemory } from '../memory/committed-memory';
import { MemorySweep } from '../memory/memory-sweep';
import { PolicyMemory } from '../memory/policy-memory';
import { ReadOnlyAdapter } from './read-only-adapter';
import { RuleChanges } from '../rules/rule-changes';
import { RuleReader } from '../memory/rule-reader';
import { RuleStore } from '../rules/rule-store';

export interface EnforcerOptions {
  readonly dataSource: DataSource;
  /** A Casbin model, or the path of its CONF file. */
  readonly model: Model | string;
  readonly scopeMatching: 'exact' | 'glob';
  readonly ambientManager: () => EntityManager | undefined;
  readonly maxRules: number;
  readonly attributor: Attributor;
  readonly signal: CommitSignal;
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
  const enforcer = await newEnforcerWithClass(AuditedEnforcer, readModel(options.model));
  if (options.scopeMatching === 'glob') await enforcer.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
  await enforcer.buildRoleLinks(); // binds the model to its role managers, which Casbin does not do before a first load
  const committed = new CommittedMemory(new PolicyMemory(enforcer.memoryParts()));
  const memory = new MemorySweep(new RuleReader(dataSource), committed);
  const store = new RuleStore({
    dataSource,
    signal,
    size: () => committed.size,
    committed: (changes, whole) => committed.committed(changes, whole),
  });
  const transaction = new CallerTransaction(dataSource, options.ambientManager);
  const changes = new RuleChanges({ model: enforcer.getModel(), store, attributor, transaction, maxRules });
  enforcer.attach({ changes, reload: () => memory.reload(), adapter: new ReadOnlyAdapter() });
  return { enforcer, changes, memory };
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
