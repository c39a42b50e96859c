import { setTimeout as rest } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import { moment } from '../contract/moment';
import { utc } from '../contract/utc';
import { ReadOnlyError } from '../database/idle-connection';
import { sqlStateOf } from '../database/lost-connection';
import { ownTransaction } from '../database/own-transaction';
import { query } from '../database/query';

/** How far the log has come. */
export interface Head {
  /** The last seq given; '0' for an empty log. */
  readonly seq: string;
  /** Everything recorded up to this moment is there for good: what comes later is recorded later. */
  readonly closedThrough: string;
}

/** Later than any moment there is: now, for whoever closes the log. */
export const endOfTime = '9999-12-31T23:59:59Z';

const columns = `audit_head.seq::text AS seq, ${utc('audit_head.recorded_at')} AS "closedThrough"`;
const read = `SELECT ${columns} FROM audit_head`;

/** Milliseconds to wait for whoever has locked the whole table of the head; its row is not waited for at all. */
const begin = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '500ms'`;
const lockNotAvailable = '55P03';

/**
 * Closes the log up to now, if nothing waits to be recorded: the next append is recorded later than any moment that the head has seen,
 * also if the clock has gone back since. An append under way holds the head, and closes it itself.
 */
const close = {
  text: `
  UPDATE audit_head SET recorded_at = greatest(recorded_at, clock_timestamp())
  WHERE only_row = (SELECT only_row FROM audit_head WHERE recorded_at < $1::timestamptz FOR UPDATE SKIP LOCKED)
    AND $1::timestamptz <= clock_timestamp() AND NOT EXISTS (SELECT FROM audit_outbox)
  RETURNING 1`,
};

/**
 * $1 a moment: whether it lies behind the head or before the log began, and the last seq recorded up to it. The log begins with all records of
 * its first operation, because that may be an adoption, which records what was in force already; and not before that has finished.
 */
const asOf = `
  SELECT ${columns}, (audit_seq_at($1::timestamptz + interval '1 microsecond') - 1)::text AS "asOf",
    $1::timestamptz > audit_head.recorded_at AS open, $1::timestamptz > greatest(clock_timestamp(), audit_head.recorded_at) AS future,
    ${utc('clock_timestamp()')} AS now, $1::timestamptz < began.at AS before, ${utc('began.at')} AS began,
    current_setting('transaction_read_only') = 'off' AND has_table_privilege('audit_head', 'UPDATE') AS closable
  FROM audit_head LEFT JOIN (
    SELECT recorded_at AS at FROM audit_record
    WHERE (operation_id, audit_record.seq) <= ((SELECT operation_id FROM audit_record ORDER BY seq LIMIT 1), 9223372036854775807)
      AND NOT EXISTS (SELECT FROM audit_adoption WHERE finished_at IS NULL)
    ORDER BY operation_id DESC, audit_record.seq DESC LIMIT 1) AS began ON true`;

interface AsOfRow extends Head {
  readonly asOf: string;
  readonly open: boolean;
  readonly future: boolean;
  readonly now: string;
  readonly before: boolean | null;
  readonly began: string | null;
  /** Whether this connection may close the log: a replica, and a role that may only read, take it as far as it is closed. */
  readonly closable: boolean;
}

/** Milliseconds that recording may take to come as far as somebody asks for, and between two looks, which become rarer. */
const patience = 2_000;
const firstPause = 10;
const longestPause = 160;

/** The end of the log, where it is closed, and the moments before. */
export class LogHead {
  constructor(private readonly dataSource: DataSource) {}

  async read(): Promise<Head> {
    const [row] = await query<Head>(this.dataSource, read);
    return row ?? lost();
  }

  /**
   * The head when the log is closed up to a moment, or as far as it can be within two seconds. A moment to come is now: nobody can close
   * the log ahead.
   */
  async closedAt(until: string): Promise<Head> {
    const { future, now } = await this.at(until);
    const { seq, closedThrough } = await this.closing(future ? now : until);
    return { seq, closedThrough };
  }

  /**
   * The last seq that was recorded up to a moment, that one included: what the log says was in force at that moment is what its records up to
   * that seq leave in force. It never changes: the log is closed up to that moment.
   * @throws InvalidInputError for a moment before the log began, or up to which the log is not closed
   */
  async seqAsOf(value: unknown, field = 'asOf'): Promise<string> {
    const { asOf: seq, open, future, before, began, closedThrough } = await this.closing(moment(value, field));
    const refused = (why: string): never => {
      throw new InvalidInputError(field, why);
    };
    if (began === null) {
      return refused(
        'lies before the log began: nothing is recorded yet, or the rules that were there are still being recorded',
      );
    }
    if (before) return refused(`lies before the log began; what was in force is known from ${began} on`);
    if (future) return refused('lies in the future; give a moment that has passed');
    if (open) {
      return refused(
        `is later than the log is closed: changes may still be recorded for it. It is complete up to ${closedThrough}`,
      );
    }
    return seq;
  }

  /** Looks until the log is closed up to a moment, or cannot be for now. */
  private async closing(wanted: string): Promise<AsOfRow> {
    const giveUp = performance.now() + patience;
    for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
      const row = await this.at(wanted);
      if (!row.open || row.future || !row.closable || performance.now() > giveUp) return row;
      if (!(await this.close(wanted))) await rest(pause);
    }
  }

  private async at(wanted: string): Promise<AsOfRow> {
    const [row] = await query<AsOfRow>(this.dataSource, asOf, [wanted]);
    return row ?? lost();
  }

  /** @returns whether the head has moved */
  private async close(until: string): Promise<boolean> {
    try {
      return (await ownTransaction(this.dataSource, begin, (_, send) => send(close, [until]))).length > 0;
    } catch (error) {
      if (error instanceof ReadOnlyError || sqlStateOf(error) === lockNotAvailable) return false; // it may pass
      throw error;
    }
  }
}

function lost(): never {
  throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
}
