import { setTimeout as rest } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import { moment } from '../contract/moment';
import { utc } from '../contract/utc';
import { ReadOnlyError } from '../database/idle-connection';
import { query } from '../database/query';

/** How far the log has come. */
export interface Head {
  /** The last seq given; '0' for an empty log. */
  readonly seq: string;
  /** Everything recorded up to this moment is there for good: what comes later is recorded later. */
  readonly closedThrough: string;
}

const columns = `seq::text AS seq, ${utc('recorded_at')} AS "closedThrough"`;
const read = `SELECT ${columns} FROM audit_head`;

/**
 * Closes the log up to now, if nothing waits to be recorded: the next append is recorded later than any moment that the head has seen.
 * An append under way holds the head, and closes it itself.
 */
const close = `
  UPDATE audit_head SET recorded_at = clock_timestamp()
  WHERE only_row = (SELECT only_row FROM audit_head WHERE recorded_at < $1::timestamptz FOR UPDATE SKIP LOCKED)
    AND $1::timestamptz <= clock_timestamp() AND recorded_at < clock_timestamp() AND NOT EXISTS (SELECT FROM audit_outbox)`;

/** $1 a moment: whether it lies behind the head or before the log began, and the last seq recorded up to it. */
const asOf = `
  SELECT ${columns}, (audit_seq_at($1::timestamptz + interval '1 microsecond') - 1)::text AS "asOf",
    $1::timestamptz > recorded_at AS open, $1::timestamptz > clock_timestamp() AS future,
    $1::timestamptz < began.at AS before, ${utc('began.at')} AS began
  FROM audit_head LEFT JOIN (
    SELECT max(record.recorded_at) AS at FROM audit_record AS record
    WHERE record.operation_id = (SELECT operation_id FROM audit_record ORDER BY seq LIMIT 1)) AS began ON true`;

interface AsOfRow extends Head {
  readonly asOf: string;
  readonly open: boolean;
  readonly future: boolean;
  readonly before: boolean | null;
  readonly began: string | null;
}

/** Milliseconds that recording may take to come as far as somebody asks for, and between two looks. */
const patience = 2_000;
const pause = 20;

/** The end of the log, where it is closed, and the moments before. */
export class LogHead {
  constructor(private readonly dataSource: DataSource) {}

  async read(): Promise<Head> {
    const [row] = await query<Head>(this.dataSource, read);
    if (!row) throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
    return row;
  }

  /** The head when the log is closed up to a moment, or as far as it can be within two seconds. */
  async closedAt(until: string): Promise<Head> {
    const giveUp = performance.now() + patience;
    for (;;) {
      const { open, future, seq, closedThrough } = await this.at(until);
      if (!open || future || performance.now() > giveUp || !(await this.close(until))) return { seq, closedThrough };
      await rest(pause);
    }
  }

  /**
   * The last seq that was recorded up to a moment, that one included: what the log says was in force at that moment is what its records up to
   * that seq leave in force.
   * @throws InvalidInputError for a moment before the log began, or up to which the log is not closed
   */
  async seqAsOf(value: unknown, field = 'asOf'): Promise<string> {
    const wanted = moment(value, field);
    await this.closedAt(wanted);
    const { asOf: seq, open, future, before, began, closedThrough } = await this.at(wanted);
    if (began === null) throw new InvalidInputError(field, 'lies before the log began: nothing is recorded yet');
    if (before)
      throw new InvalidInputError(field, `lies before the log began; what was in force is known from ${began} on`);
    if (future) throw new InvalidInputError(field, 'lies in the future; give a moment that has passed');
    if (open) {
      throw new InvalidInputError(
        field,
        `is later than the log is closed: changes may still be recorded for it. It is complete up to ${closedThrough}`,
      );
    }
    return seq;
  }

  private async at(wanted: string): Promise<AsOfRow> {
    const [row] = await query<AsOfRow>(this.dataSource, asOf, [wanted]);
    if (!row) throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
    return row;
  }

  /** @returns whether it is worth looking again */
  private async close(until: string): Promise<boolean> {
    try {
      await query(this.dataSource, close, [until]);
      return true;
    } catch (error) {
      if (error instanceof ReadOnlyError) return false; // a replica is closed as far as it has got
      throw error;
    }
  }
}
