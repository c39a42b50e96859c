import type { Client } from 'pg';
import type { Cell } from './cells';
import { type Findings, nothing } from './findings';
import { Judge, type MemoryFindings } from './judge/judge';
import type { From, Verified } from './judge/ledger';
import { applicationName } from './orders';
import type { KilledServer } from './server';
import { until } from './until';
import { NoAnswerError, type VictimProcess } from './victim-process';

/** Milliseconds in which an app must have started. */
const startLimit = 60_000;
/** Acts that must succeed after the fault before the load ends. */
const actsAfterwards = 12;

export interface RecoveryParts {
  readonly server: KilledServer;
  /** Folder of what the app was told. */
  readonly notes: string;
  readonly spare: () => VictimProcess;
  /** Milliseconds in which everything must have come to rest. */
  readonly patience: number;
  /** Whether the run is being ended, so that what fails is no news. */
  readonly isOver: () => boolean;
  readonly onTrouble: (trouble: string) => void;
}

export interface Outcome {
  readonly findings: Findings;
  readonly verified: Verified;
  /** The app that goes on; none if it did not recover. */
  readonly survivor: VictimProcess | undefined;
}

/** Something did not come to rest in time. */
class NotRecoveredError extends Error {}

/** From the fault to rest, and what is found there. */
export class Recovery {
  constructor(private readonly parts: RecoveryParts) {}

  /** Starts the app where nothing of an earlier one is left. */
  async start(victim: VictimProcess): Promise<VictimProcess> {
    const { server, notes } = this.parts;
    try {
      await this.connected(async (client) => {
        await gone(client, 'application_name = $1', applicationName, startLimit);
        // As if its length had passed: the dead do not give a lease back, and every kill would take six seconds longer.
        await client.query(`UPDATE audit_follower SET lease_until = '-infinity'`);
      });
      victim.order({ order: 'start', server: server.address, url: server.url, notes });
      await victim.hear('ready', startLimit);
      return victim;
    } catch (error) {
      await victim.kill();
      throw error;
    }
  }

  /** @param from where the judge has compared already */
  async from(cell: Cell, victim: VictimProcess, from: From): Promise<Outcome> {
    let survivor = victim;
    try {
      const backends = await this.struck(cell, victim);
      if (cell.fault === 'app') survivor = await this.start(this.parts.spare());
      const { findings, verified } = await this.connected(async (client) => {
        await gone(client, 'pid = ANY ($1::int[])', backends, this.parts.patience);
        return this.judge(new Judge(client, this.parts.notes), survivor, from);
      });
      return { findings, verified, survivor };
    } catch (error) {
      await Promise.all([victim.kill(), survivor.kill()]);
      const isFinding = error instanceof NotRecoveredError || error instanceof NoAnswerError;
      if (!isFinding || this.parts.isOver()) throw error;
      this.parts.onTrouble(error.message);
      await this.parts.server.revive();
      return { findings: { ...nothing, notRecovered: 1 }, verified: from.verified, survivor: undefined };
    }
  }

  /** Waits for the fault, and brings back what the app cannot bring back. @returns backends that nobody is connected to any more */
  private async struck({ fault, step }: Cell, victim: VictimProcess): Promise<readonly number[]> {
    if (fault === 'app') {
      if ((await victim.end(this.parts.patience)) !== 'SIGKILL')
        throw new NotRecoveredError(`the app was not killed at ${step}`);
      return [];
    }
    const { backends } = await victim.hear('struck', this.parts.patience);
    if (fault === 'connection') return backends;
    victim.order({ order: 'server', server: await this.parts.server.revive() });
    return [];
  }

  private async judge(judge: Judge, victim: VictimProcess, from: From): Promise<Omit<Outcome, 'survivor'>> {
    const { patience } = this.parts;
    victim.order({ order: 'rest', after: actsAfterwards });
    await victim.hear('resting', patience);
    const phantoms = judge.neverCommitted(await memoryOf(victim, patience));
    if (!(await until(() => judge.isAtRest(), patience)))
      throw new NotRecoveredError('the outbox or a follower stands still');
    const ledger = await judge.verify(from);
    const memory = await memoryAtRest(judge, victim, patience);
    const findings = {
      ...nothing,
      ...ledger.findings,
      ...memory,
      grantsNotInTable: memory.grantsNotInTable + phantoms,
    };
    return { findings, verified: ledger.verified };
  }

  private async connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.parts.server.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
}

/** What differs when memory has had the time to follow. */
async function memoryAtRest(judge: Judge, victim: VictimProcess, limit: number): Promise<MemoryFindings> {
  let findings: MemoryFindings = { grantsNotInTable: 0, rulesNotInMemory: 0 };
  await until(async () => {
    findings = await judge.compare(await memoryOf(victim, limit));
    return findings.grantsNotInTable + findings.rulesNotInMemory === 0;
  }, limit);
  return findings;
}

async function memoryOf(victim: VictimProcess, limit: number): Promise<readonly string[]> {
  victim.order({ order: 'tell-memory' });
  return (await victim.hear('memory', limit)).rules;
}

/** Waits until backends have ended: one whose app is gone may still commit what it was sent. */
async function gone(client: Client, which: string, value: unknown, limit: number): Promise<void> {
  const isGone = async (): Promise<boolean> => {
    const { rowCount } = await client.query(`SELECT FROM pg_stat_activity WHERE ${which}`, [value]);
    return rowCount === 0;
  };
  if (!(await until(isGone, limit))) throw new NotRecoveredError('PostgreSQL still works for those who are gone');
}
