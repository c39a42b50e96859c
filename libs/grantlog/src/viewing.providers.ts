import type { Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { Attributor } from './context/attributor';
import type { EnforcerAssembly } from './enforcer/enforcer-assembly';
import type { ResolvedOptions } from './grantlog.options';
import { DATA_SOURCE, ENFORCER_ASSEMBLY, RESOLVED_OPTIONS } from './grantlog.tokens';
import { Viewer } from './http/viewer';
import { CommitSignal } from './outbox/commit-signal';
import { RecordedReads } from './reads/recorded-reads';

/** Who reads, where they may see, and what is recorded of it. */
export const viewing: Provider[] = [
  {
    provide: Viewer,
    inject: [RESOLVED_OPTIONS, ENFORCER_ASSEMBLY, Attributor],
    useFactory: ({ visibleScopes }: ResolvedOptions, { permitted }: EnforcerAssembly, attributor: Attributor) =>
      new Viewer(attributor, visibleScopes, permitted),
  },
  {
    provide: RecordedReads,
    inject: [RESOLVED_OPTIONS, DATA_SOURCE, Attributor, CommitSignal],
    useFactory: (
      { recordReads, separator }: ResolvedOptions,
      dataSource: DataSource,
      attributor: Attributor,
      signal: CommitSignal,
    ) => new RecordedReads(recordReads ? { dataSource, attributor, signal, separator } : null),
  },
];
