import { type Model, newEnforcerWithClass, Util } from 'casbin';
import type { DataSource, EntityManager } from 'typeorm';
import type { AttemptWatch } from '../attempts/attempt-watch';
import { WatchedChanges } from '../attempts/watched-changes';
import type { Attributor } from '../context/attributor';
import { GrantlogError, InvalidInputError } from '../contract/grantlog.error';
import { isOfOtherBuild } from '../host-enforcer/casbin-classes';
import type { HostEnforcer } from '../host-enforcer/host-enforcer';
import type { CommitSignal } from '../outbox/commit-signal';
import { auditedAs, type AuditedEnforcer, type EnforcerClass } from './audited-enforcer';
import { CallerTransaction } from '../rules/caller-transaction';
import { CommittedMemory } from '../memory/committed-memory';
import { IndexedModel } from '../policy/indexed-model';
import { MemorySweep } from '../memory/memory-sweep';
import { PolicyMemory } from '../policy/policy-memory';
import { readModel } from '../policy/read-model';
import { RoleLinks } from '../policy/role-links';
import { partOf } from '../memory/rule-part';
import { sectionOf } from '../rules/rule';
import { PermittedScopes } from './permitted-scopes';
import { ReadOnlyAdapter } from './read-only-adapter';
import { RuleChanges } from '../rules/rule-changes';
import type { RuleReader } from '../memory/rule-reader';
import { RuleStore } from '../rules/rule-store';

export interface EnforcerOptions {
  readonly dataSource: DataSource;
  /** A Casbin model, or the path of its CONF file. */
  readonly model: Model | string;
  readonly enforcerClass: EnforcerClass;
  /** The enforcer whose place the audited one takes, of this model and class. */
  readonly host: HostEnforcer | undefined;
  readonly scopeMatching: 'exact' | 'glob';
  readonly ambientManager: () => EntityManager | undefined;
  readonly maxRules: number;
  readonly attributor: Attributor;
  readonly signal: CommitSignal;
  readonly reader: RuleReader;
  readonly maxStaleness: number;
  readonly onStale: 'answer' | 'deny';
  /** Records changes that fail; `null` if they leave no record. */
  readonly attempts: AttemptWatch | null;
}

/** The enforcer with what belongs to it: the way rules change, and the memory that follows them. */
export interface EnforcerAssembly {
  readonly enforcer: AuditedEnforcer;
  readonly changes: RuleChanges;
  /** For callers that see to the records of their attempts by themselves. */
  readonly unwatched: RuleChanges;
  readonly memory: MemorySweep;
  readonly permitted: PermittedScopes;
}

/** Builds an audited enforcer; its memory is empty until `memory.start()`. */
export async function assembleEnforcer(options: EnforcerOptions): Promise<EnforcerAssembly> {
  const { dataSource, attributor, signal, maxRules, host, attempts } = options;
  const model = new IndexedModel(readModel(options.model));
  checkRoles(model);
  const enforcer = await construct(options, model);
  const links = linksFor(model, enforcer);
  if (options.scopeMatching === 'glob') await matchGlobs(enforcer, host);
  const permitted = new PermittedScopes(enforcer);
  const changed = (): void => {
    enforcer.memoryChanged();
    permitted.memoryChanged();
  };
  const committed = new CommittedMemory(new PolicyMemory({ model, links, changed }));
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
    pending: attempts ? (entries) => attempts.follow(entries) : undefined,
  });
  signal.onCommit((inMemory) => {
    if (!inMemory) enforcer.tellWatchers();
  });
  const transaction = new CallerTransaction(dataSource, options.ambientManager);
  const parts = { model, store, attributor, transaction, maxRules };
  const unwatched = new RuleChanges(parts);
  const changes = attempts ? new WatchedChanges(parts, attempts) : unwatched;
  const adapter = new ReadOnlyAdapter();
  enforcer.attach({
    changes,
    memory,
    partOf: (filters) => partOf(dataSource, filters),
    adapter,
    denyWhenStale: options.onStale === 'deny',
  });
  await host?.equip(enforcer);
  permitted.attach();
  return { enforcer, changes, unwatched, memory, permitted };
}

/** A class that extends the SyncedEnforcer of `import` finds no lock: Casbin's ES modules import it by the wrong name. */
function adviceFor(enforcerClass: EnforcerClass): string {
  if (!isOfOtherBuild(enforcerClass)) return '';
  return ". If it is made of SyncedEnforcer in an ES module, take that from createRequire(import.meta.url)('casbin')";
}

async function construct({ enforcerClass, host }: EnforcerOptions, model: Model): Promise<AuditedEnforcer> {
  const auditedClass = auditedAs(host ? 'enforcer' : 'enforcerClass', enforcerClass);
  try {
    return await newEnforcerWithClass(auditedClass, model);
  } catch (error) {
    throw new GrantlogError(
      'INVALID_INPUT',
      `enforcerClass: ${enforcerClass.name} cannot be constructed without arguments, as Casbin does it: ${String(error)}${adviceFor(enforcerClass)}`,
      { cause: error },
    );
  }
}

/** @throws InvalidInputError if the host has scopes matched by something else */
async function matchGlobs(enforcer: AuditedEnforcer, host: HostEnforcer | undefined): Promise<void> {
  const matching = host?.scopeMatching;
  if (matching && matching !== Util.keyMatchFunc) {
    throw new InvalidInputError(
      'scopeMatching',
      'is "glob", while the enforcer has a domain matching function of its own for "g"; leave one of them out',
    );
  }
  await enforcer.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
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
