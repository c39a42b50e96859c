import type { Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { KeySyntax } from './contract/namespaced-key';
import { DecisionFeed } from './decisions/decision-feed';
import { listenersOf } from './decisions/decision-listeners';
import type { EnforcerAssembly } from './enforcer/enforcer-assembly';
import { Explainer } from './explain/explainer';
import type { ResolvedOptions } from './grantlog.options';
import { DATA_SOURCE, DECISION_FEED, DECISION_LISTENERS, ENFORCER_ASSEMBLY, RESOLVED_OPTIONS } from './grantlog.tokens';
import { HostEmitter } from './host-emitter';

/** With the option `decisions`; otherwise the enforcer is left as it is. */
export const deciding: Provider[] = [
  {
    provide: DECISION_FEED,
    inject: [RESOLVED_OPTIONS],
    useFactory: ({ decisions }: ResolvedOptions) => (decisions ? new DecisionFeed(decisions) : null),
  },
  {
    provide: DECISION_LISTENERS,
    inject: [DECISION_FEED, HostEmitter],
    useFactory: (feed: DecisionFeed | null, { emitter }: HostEmitter) => {
      if (emitter) feed?.subscribe(listenersOf(emitter));
      return feed;
    },
  },
];

/** Says why the enforcer decides as it does. */
export const explaining: Provider[] = [
  {
    provide: Explainer,
    inject: [RESOLVED_OPTIONS, DATA_SOURCE, KeySyntax, ENFORCER_ASSEMBLY],
    useFactory: (
      { model, enforcerClass, scopeMatching }: ResolvedOptions,
      dataSource: DataSource,
      keys: KeySyntax,
      { enforcer: live }: EnforcerAssembly,
    ) => new Explainer({ model, enforcerClass, scopeMatching, dataSource, keys, live }),
  },
];
