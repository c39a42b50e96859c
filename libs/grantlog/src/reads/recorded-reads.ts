import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { Attributor } from '../context/attributor';
import type { ReadDetails, ReadOperation } from '../contract/audit-event';
import { uuidV7 } from '../contract/uuid-v7';
import { ownTransaction } from '../database/own-transaction';
import type { CommitSignal } from '../outbox/commit-signal';
import { alone, begin, insertRead } from './read-statements';

/** Readings that are remembered not to need a record. */
const mostRemembered = 10_000;

/** The fields of a query; those that are not given are no part of it. */
export type ReadQuery = Readonly<Record<string, unknown>>;

export interface RecordedReadsParts {
  readonly dataSource: DataSource;
  readonly attributor: Attributor;
  readonly signal: CommitSignal;
  readonly separator: string;
}

interface Outcome {
  readonly isNew: boolean;
  /** Seconds. */
  readonly needlessFor: number;
}

/**
 * Records who reads the log, with the option `recordReads`; without, it does nothing. Once an hour for a viewer and a query, however many
 * pages, whatever the cursor says, and on all nodes together. Who answers a request MUST wait for it before: what cannot be recorded is
 * not shown. Grantlog's own endpoints do so; a host that shows the log on pages of its own can do the same.
 */
export class RecordedReads {
  /** Until when a reading needs no record, by this process's clock, which never goes back. */
  private readonly remembered = new Map<string, number>();

  /** @internal */
  constructor(private readonly parts: RecordedReadsParts | null) {}

  /** Whether reads are recorded: the option `recordReads`. */
  get areRecorded(): boolean {
    return this.parts !== null;
  }

  /**
   * Somebody reads.
   * @param what such as `records`, which makes the event's subject `audit^records`
   * @param query MUST have been found to be valid. Its `cursor` and `limit` do not make it another one
   * @throws MissingActorError if nobody is known to read and the option `onMissingActor` is `'reject'`
   */
  async read(what: string, query: ReadQuery): Promise<void> {
    await this.record('read', what, query);
  }

  /** Somebody exports; likewise. */
  async exported(what: string, query: ReadQuery): Promise<void> {
    await this.record('exported', what, query);
  }

  private async record(operation: ReadOperation, what: string, query: ReadQuery): Promise<void> {
    if (!this.parts) return;
    const { actor, ...by } = this.parts.attributor.attribute();
    const subject = `audit${this.parts.separator}${what}`;
    const details: ReadDetails = { query: textsOf(query) };
    const key = JSON.stringify([operation, subject, actor, details]);
    const now = performance.now();
    if ((this.remembered.get(key) ?? now) > now) return;
    const event = [uuidV7(), `audit.${operation}`, operation, subject, actor];
    const circumstances = [by.reason, by.operationId, by.requestId, by.sourceIp, by.userAgent];
    const { isNew, needlessFor } = await this.write(lockOf(key), actor !== null, [
      ...event,
      ...circumstances,
      JSON.stringify(details),
    ]);
    if (isNew) this.parts.signal.give(true);
    this.remember(key, now + needlessFor * 1_000);
  }

  private async write(lock: string, hasActor: boolean, parameters: readonly unknown[]): Promise<Outcome> {
    const { dataSource } = this.parts as RecordedReadsParts;
    const [outcome] = await ownTransaction(dataSource, begin, async (_, send) => {
      await send({ text: alone }, [lock]);
      return send<Outcome>({ text: insertRead(hasActor) }, parameters);
    });
    if (!outcome) throw new Error('The reading was not recorded, and nobody knows why; nothing is shown.');
    return outcome;
  }

  private remember(key: string, until: number): void {
    this.remembered.delete(key);
    this.remembered.set(key, until);
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > mostRemembered && oldest !== undefined) this.remembered.delete(oldest);
  }
}

/** The same for the same query, in whatever order its fields were given. */
function textsOf({ cursor: _, limit: __, ...query }: ReadQuery): Record<string, string> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]): [string, string] => [name, String(value)]).sort());
}

function lockOf(key: string): string {
  return createHash('sha256').update(`grantlog read ${key}`).digest().readBigInt64BE().toString();
}
