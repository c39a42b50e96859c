import type { Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { AttemptLog } from './attempts/attempt-log';
import { AttemptWatch } from './attempts/attempt-watch';
import { Attributor } from './context/attributor';
import { KeySyntax } from './contract/namespaced-key';
import type { ResolvedOptions } from './grantlog.options';
import { ATTEMPT_LOG, ATTEMPT_WATCH, DATA_SOURCE, RESOLVED_OPTIONS } from './grantlog.tokens';
import { CommitSignal } from './outbox/commit-signal';

/** With the option `attempts`; otherwise there are none, and nothing is watched. */
export const attempting: Provider[] = [
  {
    provide: Attributor,
    inject: [RESOLVED_OPTIONS],
    useFactory: ({ actor, onMissingActor, separator }: ResolvedOptions) =>
      new Attributor({ keys: new KeySyntax(separator), actor, onMissingActor }), // an actor is never a bare name
  },
  {
    provide: ATTEMPT_LOG,
    inject: [RESOLVED_OPTIONS, DATA_SOURCE, CommitSignal],
    useFactory: ({ attempts }: ResolvedOptions, dataSource: DataSource, signal: CommitSignal) =>
      attempts ? new AttemptLog(dataSource, signal) : null,
  },
  {
    provide: ATTEMPT_WATCH,
    inject: [RESOLVED_OPTIONS, Attributor, ATTEMPT_LOG],
    useFactory: ({ transaction }: ResolvedOptions, attributor: Attributor, log: AttemptLog | null) =>
      log && new AttemptWatch({ attributor, log, ambient: transaction }),
  },
];
