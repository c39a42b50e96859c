import { setTimeout as rest } from 'node:timers/promises';
import EventEmitter2 from 'eventemitter2';
import type { DataSource } from 'typeorm';
import { Attributor } from '../context/attributor';
import { runAs } from '../context/run-as';
import { GrantlogError } from '../contract/grantlog.error';
import { KeySyntax } from '../contract/namespaced-key';
import { onIdleConnection } from '../database/idle-connection';
import type { AdoptionKeys } from '../migrations/adoption';
import { counted } from '../migrations/adoption-progress';
import { alone } from '../migrations/alone';
import { OutboxRelay } from '../outbox/outbox-relay';
import { RecordingHandler } from '../trail/recording.handler';
import { uniqueRule } from './log-problems.sql';
import type { ReconcileReport, Tally } from './reconcile-report';
import { type Attributions, type Outcome, Recorder } from './recorder';
import { type Searched, searchFirst } from './search';

interface Run {
  readonly dataSource: DataSource;
  readonly tally: Tally;
  readonly keys: AdoptionKeys;
  readonly reason?: string;
  readonly progress: (line: string) => void;
}

/** How often rules are looked for that open transactions had locked, and the milliseconds in between. */
const mostRounds = 10;
const pause = 1_000;
/** Events in one transaction of the relay. */
const batchSize = 1_000;

/**
 * Writes the records that are missing. After another session that does so or adopts, because both look first and write then. Listeners
 * hear of them as of any change, for somebody has changed who may do what.
 */
export async function recordFindings(run: Run): Promise<ReconcileReport> {
  const { dataSource, tally, keys, progress } = run;
  const attributions = attribute(run);
  const { searched, recorded, locked } = await onIdleConnection(dataSource, (client, runner) =>
    alone(runner, async () => {
      const [unique] = await runner.manager.query<{ there: boolean }[]>(uniqueRule);
      if (!unique?.there) refuse();
      const recorder = new Recorder({ dataSource, client, attributions, scopeColumns: keys.scopeColumns });
      return inRounds(progress, (isFirst, count) =>
        searchFirst(dataSource, client, async (found, { seq }) => {
          if (isFirst) await tally.hear(found);
          count(await recorder.record(found, seq));
        }),
      );
    }),
  );
  progress('recording');
  await drain(run);
  return tally.report(searched, { recorded, locked });
}

type Round = (isFirst: boolean, count: (outcome: Outcome) => void) => Promise<Searched>;

/** Until nothing is left that an open transaction has locked, or for as long as there is hope that it ends. */
async function inRounds(progress: Run['progress'], round: Round): Promise<Outcome & { searched: Searched }> {
  let recorded = 0;
  let first: Searched | undefined;
  for (let nth = 1; ; nth += 1) {
    let locked = 0;
    progress('comparing casbin_rule with the log');
    const searched = await round(nth === 1, (outcome) => {
      recorded += outcome.recorded;
      locked += outcome.locked;
      progress(`${counted(recorded, 'record')} written`);
    });
    first ??= searched;
    if (locked === 0 || nth === mostRounds) return { searched: first, recorded, locked };
    progress(`waiting for ${counted(locked, 'rule')} that open transactions have locked`);
    await rest(pause);
  }
}

/** All of it is one operation. */
function attribute({ keys: { separator }, reason }: Run): Attributions {
  const keys = new KeySyntax(separator);
  const attributor = new Attributor({ keys, actor: () => null, onMissingActor: 'system' });
  const because = (what: string): string => (!reason ? what : `${what}: ${reason}`);
  return runAs(
    `system${separator}reconcile`,
    () => {
      const inserted = attributor.attribute(because('inserted into casbin_rule past Grantlog'));
      const { reason: told } = attributor.attribute(because('deleted from casbin_rule past Grantlog'));
      return { inserted, deleted: { ...inserted, reason: told } };
    },
    { separator },
  );
}

/** No app may be running that records what waits; if one is, they take turns. */
async function drain({ dataSource, keys: { separator } }: Run): Promise<void> {
  const emitter = new EventEmitter2();
  new RecordingHandler(new KeySyntax(separator)).subscribe(emitter);
  const relay = new OutboxRelay(dataSource, emitter, { batchSize, interval: pause, onRecorded: () => undefined });
  await relay.drained();
}

function refuse(): never {
  throw new GrantlogError(
    'NOT_INSTALLED',
    'casbin_rule lacks its unique index casbin_rule_unique, without which a rule could be recorded twice; run adoptRules(dataSource) ' +
      'first (grantlog adopt), which makes it again and records what was inserted. Nothing was changed.',
  );
}
