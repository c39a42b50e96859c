import { Enforcer, type Model } from 'casbin';
import type EventEmitter2 from 'eventemitter2';
import type { DataSource, EntityManager } from 'typeorm';
import { z } from 'zod';
import type { RequestLike } from './context/request-context';
import { InvalidInputError } from './contract/grantlog.error';
import type { EnforcerClass } from './enforcer/audited-enforcer';
import { isEnforcerClass, isMadeOf, looksLikeEnforcer } from './host-enforcer/casbin-classes';
import { HostEnforcer } from './host-enforcer/host-enforcer';
import type { ScopesOfViewer } from './http/viewer';

export interface ListenerOptions {
  /** Where the trail's events are emitted. Default: the EventEmitter2 of `@nestjs/event-emitter`, if the host imports it. */
  readonly emitter?: EventEmitter2;
  /** Milliseconds that a listener may take. Default: 10,000 */
  readonly timeLimit?: number;
  /** Attempts before a record is parked. Default: 5 */
  readonly maxAttempts?: number;
  /** Milliseconds before the second attempt; doubled before each further one. Default: 1,000 */
  readonly backoff?: number;
}

export interface DecisionOptions {
  /** Which share of the decisions is told: above 0, and 1 for all. Each is drawn by itself. */
  readonly sample: number;
  /** Decisions that may wait for one listener; what comes then is dropped, and counted in health. Default: 1,000 */
  readonly maxWaiting?: number;
  /** Milliseconds that a listener may take for one. Default: 10,000 */
  readonly timeLimit?: number;
}

/** Options of GrantlogModule. */
export interface GrantlogOptions {
  /**
   * The Casbin model: the path of its CONF file, or a Model. Its request is `subject, action, scope`.
   * Default: the one of `enforcer`; one of the two is required
   */
  readonly model?: Model | string;
  /**
   * An enforcer that the host has built, whose place the audited one takes: with its model, class, functions, matching functions,
   * effector and watcher. From then on its own calls lead to the audited one. Rules that are not in `casbin_rule` already, as
   * those of a FileAdapter, are imported once (see PolicyImport, source `enforcer`). Excludes `model` and `enforcerClass`.
   * Default: none
   */
  readonly enforcer?: Enforcer;
  /**
   * Casbin's class of which the audited enforcer is made: Enforcer, SyncedEnforcer, CachedEnforcer or a subclass, imported or
   * required. Of an imported one of Casbin's own, the one that `require` gives is taken.
   * Default: the class of `enforcer`, or else Enforcer
   */
  readonly enforcerClass?: EnforcerClass;
  /** Default: the DataSource of `@nestjs/typeorm`, or else the one of `enforcer`, if its adapter is typeorm-adapter's. */
  readonly dataSource?: DataSource;
  /** `'glob'` lets an assignment in `lib^lib:Org1:*` hold in every scope that matches. Default: `'exact'` */
  readonly scopeMatching?: 'exact' | 'glob';
  /** Between namespace and external key. Default: `'^'` */
  readonly separator?: string;
  /**
   * Whether keys without a namespace are accepted too, such as `ann` and `admin`: for apps whose table has them already. A typing
   * mistake in a key is then no longer noticed. Default: false
   */
  readonly bareKeys?: boolean;
  /**
   * Who acts in a request: the namespaced key of an id, or nothing if nobody is signed in. Asked when a change is made, so
   * that guards have run. Default: `user^<id>` from `request.user.id`, or else from `request.user.sub`.
   */
  readonly actor?: (request: RequestLike) => string | null | undefined;
  /** A change by nobody: recorded with actor `null`, or refused. Default: `'system'` */
  readonly onMissingActor?: 'system' | 'reject';
  /** The manager of the ambient transaction, e.g. `() => txHost.tx` of `@nestjs-cls/transactional`. Default: none */
  readonly transaction?: () => EntityManager | undefined;
  /** Rules in one call. Default: 100,000 */
  readonly maxRules?: number;
  /**
   * Whether connections keep statements prepared. A pooler in transaction mode that loses them is noticed, and warned about
   * once; `false` does without from the start. Default: true
   */
  readonly preparedStatements?: boolean;
  /**
   * Milliseconds after which memory that has not caught up with the database is stale: health is red, and `caughtUp()` gives up.
   * Default: 10,000
   */
  readonly maxStaleness?: number;
  /** What `enforce()` does while memory is stale: it answers from what it knows, or denies everything. Default: `'answer'` */
  readonly onStale?: 'answer' | 'deny';
  /**
   * Whether nodes tell each other by NOTIFY that there is something new, which they follow within milliseconds; without, they look
   * twice a second. Behind a pooler in transaction mode nobody hears it, and they look. Default: true
   */
  readonly notifications?: boolean;
  /**
   * Whether changes that were denied or failed leave records of their own, with the outcome `denied` or `failed`: refused, gone
   * wrong, or rolled back by their caller. They are written in the background, and those of the last moment may be lost when the
   * process is killed. Default: false
   */
  readonly attempts?: boolean;
  /**
   * Where those whom the guards let in see records and assignments over HTTP: in the scopes in which `enforce(viewer, permission, scope)`
   * says yes, or where a function says. The viewer is who would be the actor of a change. What lies elsewhere is as if it were not there.
   * Default: everywhere
   */
  readonly visibleScopes?: { readonly permission: string } | ScopesOfViewer;
  /**
   * Whether reading the log over HTTP leaves a record itself (`audit.read`, `audit.exported`), once an hour for a viewer and a query,
   * and before the answer: what cannot be recorded is not shown. Default: false
   */
  readonly recordReads?: boolean;
  /**
   * Whether decisions of the injected enforcer are told to the host's listeners, as `authorization.decided`: AuthorizationDecision.
   * Nothing of it is written anywhere. Default: none are
   */
  readonly decisions?: DecisionOptions;
  /** Events recorded in one transaction. Default: 1,000 */
  readonly recordingBatch?: number;
  /** Listeners of the host; `false` delivers to none from this process. */
  readonly listeners?: ListenerOptions | false;
}

/** The options with every default filled in; nobody defaults again. */
export interface ResolvedOptions extends Required<
  Omit<GrantlogOptions, 'enforcer' | 'dataSource' | 'listeners' | 'decisions'>
> {
  /** The option `enforcer`, whose model and class are the ones above. */
  readonly host: HostEnforcer | undefined;
  readonly dataSource: DataSource | undefined;
  readonly decisions?: Required<DecisionOptions>;
  readonly listeners: (Required<Omit<ListenerOptions, 'emitter'>> & Pick<ListenerOptions, 'emitter'>) | false;
}

const fn = <T>(description: string): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === 'function', `must be a function that ${description}`);
const object = <T>(description: string): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === 'object' && value !== null, `must be ${description}`);
const enforcerClass = z.custom<EnforcerClass>(
  isEnforcerClass,
  "must be Casbin's Enforcer, SyncedEnforcer or CachedEnforcer, or a subclass, of the casbin package that Grantlog uses " +
    '(`npm ls casbin` shows one)',
);
const enforcer = z.custom<Enforcer>((value) => isMadeOf(Enforcer, value), {
  error: ({ input }) =>
    looksLikeEnforcer(input)
      ? 'must be an enforcer, of the casbin package that Grantlog uses; this one has other methods, as that of another release has ' +
        '(`npm ls casbin` must show one, `npm dedupe` may do)'
      : 'must be an enforcer, of the casbin package that Grantlog uses (`npm ls casbin` shows one); await newEnforcer(…) in useFactory of forRootAsync',
});
const count = (fallback: number): z.ZodDefault<z.ZodNumber> => z.number().int().min(1).default(fallback);

const shareProblem = 'must be above 0 and at most 1; leave decisions out to have none told';

const listeners = z.strictObject({
  emitter: object<EventEmitter2>('an EventEmitter2').optional(),
  timeLimit: count(10_000),
  maxAttempts: count(5),
  backoff: count(1_000),
});

const decisions = z.strictObject({
  sample: z.number('must be a number').gt(0, shareProblem).max(1, shareProblem),
  maxWaiting: count(1_000),
  timeLimit: count(10_000),
});

const schema = z.strictObject({
  model: z.union([z.string().min(1), object<Model>('a Casbin Model or the path of a CONF file')]).optional(),
  enforcer: enforcer.optional(),
  enforcerClass: enforcerClass.optional(),
  dataSource: object<DataSource>('a TypeORM DataSource').optional(),
  scopeMatching: z.enum(['exact', 'glob']).default('exact'),
  separator: z.string().min(1).max(10).default('^'),
  bareKeys: z.boolean().default(false),
  actor: fn<NonNullable<GrantlogOptions['actor']>>('gives the actor of a request').optional(),
  onMissingActor: z.enum(['system', 'reject']).default('system'),
  transaction: fn<() => EntityManager | undefined>('gives an EntityManager').default(() => () => undefined),
  maxRules: count(100_000),
  preparedStatements: z.boolean().default(true),
  maxStaleness: z.number().int().min(1_000).max(3_600_000).default(10_000),
  onStale: z.enum(['answer', 'deny']).default('answer'),
  notifications: z.boolean().default(true),
  attempts: z.boolean().default(false),
  decisions: decisions.optional(),
  visibleScopes: z
    .union([z.strictObject({ permission: z.string().min(1) }), fn<ScopesOfViewer>('answers the scopes of a viewer')], {
      error: 'must be { permission } or a function that answers the scopes of a viewer',
    })
    .default(() => () => 'all' as const),
  recordReads: z.boolean().default(false),
  recordingBatch: count(1_000),
  listeners: z.union([z.literal(false), listeners]).default(() => listeners.parse({})),
});

/**
 * Checks the options and fills in the defaults.
 * @throws InvalidInputError naming the option
 */
export function resolveOptions(options: GrantlogOptions): ResolvedOptions {
  const result = schema.safeParse(options);
  if (result.success) {
    const { separator, actor = (request) => userOf(request, separator) } = result.data;
    return { ...result.data, ...originOf(result.data), dataSource: result.data.dataSource, actor };
  }
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    throw new InvalidInputError(
      `GrantlogModule option ${issue.keys.join(', ')}`,
      'is not known; look for a misspelling',
    );
  }
  throw new InvalidInputError(`GrantlogModule option ${issue?.path.join('.') ?? ''}`, issue?.message ?? 'is not valid');
}

type Origin = Pick<ResolvedOptions, 'model' | 'enforcerClass' | 'host'>;

/** What the audited enforcer is made of: a model and a class, or an enforcer that has both. */
function originOf({ model, enforcer: built, enforcerClass: given }: z.infer<typeof schema>): Origin {
  if (built) {
    const surplus = model ? 'model' : given && 'enforcerClass';
    if (!surplus) {
      const host = HostEnforcer.of(built);
      return { model: host.model, enforcerClass: built.constructor as EnforcerClass, host };
    }
    throw new InvalidInputError(
      `GrantlogModule option ${surplus}`,
      'comes with the option enforcer; leave one of them out',
    );
  }
  if (model) return { model, enforcerClass: given ?? Enforcer, host: undefined };
  throw new InvalidInputError(
    'GrantlogModule option model',
    'is missing; give the path of a CONF file or a Model, or your own enforcer by the option enforcer',
  );
}

function userOf({ user }: RequestLike, separator: string): string | null {
  if (typeof user !== 'object' || user === null) return null;
  const { id, sub } = user as { id?: unknown; sub?: unknown };
  const key = id ?? sub;
  if (key === undefined || key === null) return null;
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint') return `user${separator}${key}`;
  throw new InvalidInputError(
    'actor',
    'request.user has an id that is neither text nor a number; set the option actor',
  );
}
