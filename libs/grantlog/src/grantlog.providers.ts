import { type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import EventEmitter2 from 'eventemitter2';
import { DataSource } from 'typeorm';
import { AssignmentReader } from './assignments/assignment-reader';
import { CheckedAssignments } from './assignments/checked-assignments';
import { RoleAssignments } from './assignments/role-assignments';
import { WatchedRoleAssignments } from './assignments/watched-role-assignments';
import type { AttemptLog } from './attempts/attempt-log';
import type { AttemptWatch } from './attempts/attempt-watch';
import { Attempts } from './attempts/attempts';
import { Attributor } from './context/attributor';
import { chooseDataSource } from './chosen-data-source';
import { KeySyntax } from './contract/namespaced-key';
import { OwnConnection } from './database/own-connection';
import type { DecisionFeed } from './decisions/decision-feed';
import { tellDecisions } from './decisions/sampled-decisions';
import { AUTHZ_ENFORCER } from './enforcer/authz-enforcer';
import { assembleEnforcer, type EnforcerAssembly } from './enforcer/enforcer-assembly';
import { attempting } from './attempting.providers';
import { deciding, explaining } from './explaining.providers';
import { Follower } from './followers/follower';
import { Followers } from './followers/followers';
import { HostListeners } from './followers/host-listeners';
import { ParkedRecords } from './followers/parked-records';
import { GrantlogLifecycle } from './grantlog-lifecycle';
import { type GrantlogOptions, resolveOptions, type ResolvedOptions } from './grantlog.options';
import {
  ATTEMPT_LOG,
  ATTEMPT_WATCH,
  DATA_SOURCE,
  DECISION_FEED,
  DECISION_LISTENERS,
  ENFORCER_ASSEMBLY,
  GRANTLOG_OPTIONS,
  RESOLVED_OPTIONS,
} from './grantlog.tokens';
import { GrantlogHealth } from './health/grantlog-health';
import { HostEmitter } from './host-emitter';
import { PolicyImport } from './imports/policy-import';
import { RuleReader } from './memory/rule-reader';
import { CommitSignal } from './outbox/commit-signal';
import { OutboxRelay } from './outbox/outbox-relay';
import { AssignmentDifference } from './past/assignment-difference';
import { AssignmentHistory } from './past/assignment-history';
import { PastAssignments } from './past/past-assignments';
import { takeOver } from './take-over';
import { AuditTrail } from './trail/audit-trail';
import { RecordingHandler } from './trail/recording.handler';
import { viewing } from './viewing.providers';

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
    useFactory: ({ dataSource: given, host, preparedStatements }: ResolvedOptions, injected?: DataSource) =>
      chooseDataSource({ given, injected, table: host?.table }, preparedStatements),
  },
  {
    provide: KeySyntax,
    inject: [RESOLVED_OPTIONS],
    useFactory: ({ separator, bareKeys }: ResolvedOptions) => new KeySyntax(separator, bareKeys),
  },
  { provide: CommitSignal, useFactory: () => new CommitSignal() },
  {
    provide: OwnConnection,
    inject: [RESOLVED_OPTIONS, DATA_SOURCE],
    useFactory: ({ notifications }: ResolvedOptions, dataSource: DataSource) =>
      new OwnConnection(dataSource, notifications),
  },
];

function policyImport({ changes, enforcer }: EnforcerAssembly, keys: KeySyntax): PolicyImport {
  const columns = (ptype: string): readonly string[] => enforcer.getModel().model.get('p')?.get(ptype)?.tokens ?? [];
  const priorityColumn = (ptype: string): number => columns(ptype).indexOf(`${ptype}_priority`);
  return new PolicyImport({ changes, keys, priorityColumn, caughtUp: () => enforcer.caughtUp() });
}

const changing: Provider[] = [
  {
    provide: ENFORCER_ASSEMBLY,
    inject: [
      RESOLVED_OPTIONS,
      DATA_SOURCE,
      KeySyntax,
      CommitSignal,
      OwnConnection,
      Attributor,
      ATTEMPT_WATCH,
      DECISION_FEED,
    ],
    useFactory: async (
      options: ResolvedOptions,
      dataSource: DataSource,
      keys: KeySyntax,
      signal: CommitSignal,
      connection: OwnConnection,
      attributor: Attributor,
      attempts: AttemptWatch | null,
      feed: DecisionFeed | null,
    ) => {
      const assembly = await assembleEnforcer({
        ...options,
        dataSource,
        ambientManager: options.transaction,
        attributor,
        signal,
        attempts,
        reader: new RuleReader(dataSource, connection),
      });
      if (feed && options.decisions) tellDecisions(assembly.enforcer, { ...options.decisions, feed, attributor });
      if (typeof options.visibleScopes === 'object') assembly.permitted.check(); // before anything runs
      await assembly.memory.start();
      try {
        const imports = policyImport(assembly, keys);
        const parts = { ...assembly, imports, dataSource, attributor, separator: keys.separator };
        if (options.host) await takeOver(options.host, parts);
      } catch (error) {
        await assembly.memory.stop(); // nobody else will: Nest forgets what it could not make
        await connection.end();
        throw error;
      }
      return assembly;
    },
  },
  { provide: PolicyImport, inject: [ENFORCER_ASSEMBLY, KeySyntax], useFactory: policyImport },
  { provide: AUTHZ_ENFORCER, inject: [ENFORCER_ASSEMBLY], useFactory: ({ enforcer }: EnforcerAssembly) => enforcer },
  {
    provide: RoleAssignments,
    inject: [ENFORCER_ASSEMBLY, DATA_SOURCE, KeySyntax, ATTEMPT_WATCH],
    useFactory: (
      { unwatched }: EnforcerAssembly,
      dataSource: DataSource,
      keys: KeySyntax,
      attempts: AttemptWatch | null,
    ) => {
      const shape = unwatched.shapeOf('g');
      const parts = [
        unwatched,
        new CheckedAssignments(keys, shape.arity > 2),
        new AssignmentReader(dataSource, keys),
        new PastAssignments(dataSource, keys),
        new AssignmentHistory(dataSource, keys),
        new AssignmentDifference(dataSource, keys),
      ] as const;
      return attempts ? new WatchedRoleAssignments(attempts, shape, ...parts) : new RoleAssignments(...parts);
    },
  },
  {
    provide: Attempts,
    inject: [ENFORCER_ASSEMBLY, ATTEMPT_WATCH],
    useFactory: ({ changes }: EnforcerAssembly, watch: AttemptWatch | null) =>
      new Attempts(watch, changes.shapeOf('g')),
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
    inject: [DATA_SOURCE, OutboxRelay, ENFORCER_ASSEMBLY, AuditTrail, Followers, ATTEMPT_LOG, DECISION_LISTENERS],
    useFactory: (
      dataSource: DataSource,
      relay: OutboxRelay,
      { memory }: EnforcerAssembly,
      trail: AuditTrail,
      followers: Followers,
      attempts: AttemptLog | null,
      decisions: DecisionFeed | null,
    ) => new GrantlogHealth({ dataSource, relay, memory, trail, followers, attempts, decisions }),
  },
  {
    provide: GrantlogLifecycle,
    inject: [
      DATA_SOURCE,
      CommitSignal,
      OwnConnection,
      ENFORCER_ASSEMBLY,
      OutboxRelay,
      Followers,
      HostEmitter,
      ATTEMPT_LOG,
    ],
    useFactory: (
      dataSource: DataSource,
      signal: CommitSignal,
      connection: OwnConnection,
      { memory }: EnforcerAssembly,
      relay: OutboxRelay,
      followers: Followers,
      host: HostEmitter,
      attempts: AttemptLog | null,
    ) =>
      new GrantlogLifecycle({
        dataSource,
        signal,
        connection,
        memory,
        relay,
        attempts,
        followers,
        listenersReady: () => host.ready(),
      }),
  },
];

/** Everything the module is made of, in the order in which a change travels. */
export const grantlogProviders: Provider[] = [
  ...settings,
  ...attempting,
  ...deciding,
  ...changing,
  ...explaining,
  ...recording,
  ...following,
  ...viewing,
  ...running,
];
