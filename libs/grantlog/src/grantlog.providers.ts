import { type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import EventEmitter2 from 'eventemitter2';
import { DataSource } from 'typeorm';
import { AssignmentReader } from './assignments/assignment-reader';
import { CheckedAssignments } from './assignments/checked-assignments';
import { RoleAssignments } from './assignments/role-assignments';
import { Attributor } from './context/attributor';
import { GrantlogError } from './contract/grantlog.error';
import { KeySyntax } from './contract/namespaced-key';
import { OwnConnection } from './database/own-connection';
import { avoidPreparedStatements } from './database/prepared-statements';
import { surviveLostConnections } from './database/survive-lost-connections';
import { AUTHZ_ENFORCER } from './enforcer/authz-enforcer';
import { assembleEnforcer, type EnforcerAssembly } from './enforcer/enforcer-assembly';
import { Follower } from './followers/follower';
import { Followers } from './followers/followers';
import { HostListeners } from './followers/host-listeners';
import { ParkedRecords } from './followers/parked-records';
import { GrantlogLifecycle } from './grantlog-lifecycle';
import { type GrantlogOptions, resolveOptions, type ResolvedOptions } from './grantlog.options';
import { GrantlogHealth } from './health/grantlog-health';
import { HostEmitter } from './host-emitter';
import { assertInstalled } from './installation';
import { RuleReader } from './memory/rule-reader';
import { CommitSignal } from './outbox/commit-signal';
import { OutboxRelay } from './outbox/outbox-relay';
import { AuditTrail } from './trail/audit-trail';
import { RecordingHandler } from './trail/recording.handler';

export const GRANTLOG_OPTIONS = Symbol('GRANTLOG_OPTIONS');
const RESOLVED_OPTIONS = Symbol('RESOLVED_OPTIONS');
const DATA_SOURCE = Symbol('DATA_SOURCE');
const ENFORCER_ASSEMBLY = Symbol('ENFORCER_ASSEMBLY');

const interval = 1_000;

const settings: Provider[] = [
  {
    provide: RESOLVED_OPTIONS,
    inject: [GRANTLOG_OPTIONS],
    useFactory: (options: GrantlogOptions) => resolveOptions(options),
  },
  {
    provide: DATA_SOURCE,
    inject: [RESOLVED_OPTIONS, { token: DataSource, optional: true }],
    useFactory: async ({ dataSource, preparedStatements }: ResolvedOptions, injected?: DataSource) => {
      const found = dataSource ?? injected;
      if (!found) {
        throw new GrantlogError(
          'INVALID_INPUT',
          'GrantlogModule needs a DataSource: import TypeOrmModule.forRoot(…) or set the option dataSource.',
        );
      }
      surviveLostConnections(found);
      if (!preparedStatements) avoidPreparedStatements(found);
      await assertInstalled(found);
      return found;
    },
  },
  {
    provide: KeySyntax,
    inject: [RESOLVED_OPTIONS],
    useFactory: ({ separator }: ResolvedOptions) => new KeySyntax(separator),
  },
  { provide: CommitSignal, useFactory: () => new CommitSignal() },
  {
    provide: OwnConnection,
    inject: [RESOLVED_OPTIONS, DATA_SOURCE],
    useFactory: ({ notifications }: ResolvedOptions, dataSource: DataSource) =>
      new OwnConnection(dataSource, notifications),
  },
];

const changing: Provider[] = [
  {
    provide: ENFORCER_ASSEMBLY,
    inject: [RESOLVED_OPTIONS, DATA_SOURCE, KeySyntax, CommitSignal, OwnConnection],
    useFactory: async (
      options: ResolvedOptions,
      dataSource: DataSource,
      keys: KeySyntax,
      signal: CommitSignal,
      connection: OwnConnection,
    ) => {
      const attributor = new Attributor({ keys, actor: options.actor, onMissingActor: options.onMissingActor });
      const assembly = await assembleEnforcer({
        ...options,
        dataSource,
        ambientManager: options.transaction,
        attributor,
        signal,
        reader: new RuleReader(dataSource, connection),
      });
      await assembly.memory.start();
      return assembly;
    },
  },
  { provide: AUTHZ_ENFORCER, inject: [ENFORCER_ASSEMBLY], useFactory: ({ enforcer }: EnforcerAssembly) => enforcer },
  {
    provide: RoleAssignments,
    inject: [ENFORCER_ASSEMBLY, DATA_SOURCE, KeySyntax],
    useFactory: ({ changes }: EnforcerAssembly, dataSource: DataSource, keys: KeySyntax) => {
      const hasScopes = changes.shapeOf('g').arity > 2;
      return new RoleAssignments(
        changes,
        new CheckedAssignments(keys, hasScopes),
        new AssignmentReader(dataSource, keys),
      );
    },
  },
];

const recording: Provider[] = [
  {
    provide: OutboxRelay,
    inject: [RESOLVED_OPTIONS, DATA_SOURCE, KeySyntax, CommitSignal],
    useFactory: (options: ResolvedOptions, dataSource: DataSource, keys: KeySyntax, signal: CommitSignal) => {
      const emitter = new EventEmitter2();
      new RecordingHandler(keys).subscribe(emitter);
      const batchSize = options.recordingBatch;
      return new OutboxRelay(dataSource, emitter, { batchSize, interval, onRecorded: (xids) => signal.recorded(xids) });
    },
  },
  {
    provide: AuditTrail,
    inject: [DATA_SOURCE, KeySyntax],
    useFactory: (dataSource: DataSource, keys: KeySyntax) => new AuditTrail(dataSource, keys),
  },
];

const following: Provider[] = [
  {
    provide: ParkedRecords,
    inject: [DATA_SOURCE],
    useFactory: (dataSource: DataSource) => new ParkedRecords(dataSource),
  },
  {
    provide: HostEmitter,
    inject: [RESOLVED_OPTIONS, ModuleRef],
    useFactory: ({ listeners }: ResolvedOptions, modules: ModuleRef) => HostEmitter.find(listeners, modules),
  },
  {
    provide: Followers,
    inject: [RESOLVED_OPTIONS, DATA_SOURCE, AuditTrail, ParkedRecords, HostEmitter],
    useFactory: async (
      { listeners }: ResolvedOptions,
      dataSource: DataSource,
      trail: AuditTrail,
      parked: ParkedRecords,
      { emitter }: HostEmitter,
    ) => {
      const followers =
        listeners && emitter
          ? [
              new Follower(dataSource, trail, new HostListeners(emitter, listeners.timeLimit), {
                ...listeners,
                interval,
              }),
            ]
          : [];
      const all = new Followers(dataSource, trail, parked, followers);
      await all.enrol();
      return all;
    },
  },
];

const running: Provider[] = [
  {
    provide: GrantlogHealth,
    inject: [DATA_SOURCE, OutboxRelay, ENFORCER_ASSEMBLY, AuditTrail, Followers],
    useFactory: (
      dataSource: DataSource,
      relay: OutboxRelay,
      { memory }: EnforcerAssembly,
      trail: AuditTrail,
      followers: Followers,
    ) => new GrantlogHealth({ dataSource, relay, memory, trail, followers }),
  },
  {
    provide: GrantlogLifecycle,
    inject: [DATA_SOURCE, CommitSignal, OwnConnection, ENFORCER_ASSEMBLY, OutboxRelay, Followers, HostEmitter],
    useFactory: (
      dataSource: DataSource,
      signal: CommitSignal,
      connection: OwnConnection,
      { memory }: EnforcerAssembly,
      relay: OutboxRelay,
      followers: Followers,
      host: HostEmitter,
    ) =>
      new GrantlogLifecycle({
        dataSource,
        signal,
        connection,
        memory,
        relay,
        followers,
        listenersReady: () => host.ready(),
      }),
  },
];

/** Everything the module is made of, in the order in which a change travels. */
export const grantlogProviders: Provider[] = [...settings, ...changing, ...recording, ...following, ...running];
