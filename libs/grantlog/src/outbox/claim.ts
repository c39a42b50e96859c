import { Position, thisServer } from '../database/position';
import { outboxColumns, type OutboxRow } from './outbox-columns';

/** A row of a claim, with the server and the snapshot of a statement that ran before it in the same transaction. */
export type ClaimedRow = OutboxRow & { readonly claim: string };

/**
 * Up to where the outbox has been emptied: whatever is in it now either could not be seen from a position, or comes behind an id.
 * While a long transaction keeps PostgreSQL from cleaning up, a claim from the start would walk over every row that was ever taken.
 */
export class Emptied {
  private constructor(
    private readonly from: Position,
    private readonly through: string,
  ) {}

  /** What a claim has left, once it is committed. Claims wait for each other, so that nobody else has one open. */
  static by(rows: readonly ClaimedRow[]): Emptied | undefined {
    const [first] = rows;
    if (!first) return undefined;
    const through = rows.reduce((last, { outboxId }) => (BigInt(outboxId) > last ? BigInt(outboxId) : last), 0n);
    const [snapshot = '', server = ''] = first.claim.split(' ');
    return new Emptied(new Position(snapshot, '0', server), String(through));
  }

  /** Queries of the ids that may be there: all of them if another server has taken the place of that one; the first `limit` ones among them. All of it is digits from the database. */
  remaining(limit: number): readonly string[] {
    const { first, running } = this.from.beyond;
    return [
      `SELECT outbox_id FROM audit_outbox WHERE outbox_id > ${this.through} ORDER BY outbox_id LIMIT ${limit}`,
      `SELECT outbox_id FROM audit_outbox WHERE xid >= '${first}' OR xid = ANY ('{${running.join()}}')`,
      `SELECT outbox_id FROM audit_outbox WHERE ${thisServer} <> '${this.from.server}' ORDER BY outbox_id LIMIT ${limit}`,
    ];
  }
}

const here = `pg_current_snapshot()::text || ' ' || ${thisServer}`;
const everything = (limit: number): string => `SELECT outbox_id FROM audit_outbox ORDER BY outbox_id LIMIT ${limit}`;

/**
 * Opens the transaction of a batch, and takes the first rows of the outbox into it; they are back if it does not commit. One
 * round trip, and planned each time, because an outbox is empty at one moment and full at the next. Who holds the head of the log
 * takes from the outbox, and everybody else waits for it: so nothing that was committed later can be recorded earlier, however
 * many relays there are (docs/adr/0005); an outbox that was empty a moment before is left for the next round, and the head alone.
 * A node that is frozen or cut off in the middle lets go after ten seconds, while nothing is sent or while it does not take what is sent.
 */
export function claim(limit: number, emptied: Emptied | undefined): string {
  const remaining = emptied?.remaining(limit) ?? [everything(limit)];
  return `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SET LOCAL idle_in_transaction_session_timeout = '10s';
  SELECT set_config('grantlog.claim', coalesce((SELECT ${here} FROM audit_head FOR UPDATE), ${here}), true),
    set_config('tcp_user_timeout', '10s', true)
  WHERE ${remaining.map((ids) => `EXISTS (${ids})`).join(' OR ')};
  WITH remaining AS MATERIALIZED (${remaining.map((ids) => `(${ids})`).join(' UNION ')}),
  first AS MATERIALIZED (
    SELECT outbox_id FROM remaining WHERE current_setting('grantlog.claim', true) <> '' ORDER BY outbox_id LIMIT ${limit})
  DELETE FROM audit_outbox
  WHERE outbox_id BETWEEN (SELECT min(outbox_id) FROM first) AND (SELECT max(outbox_id) FROM first)
  RETURNING ${outboxColumns}, current_setting('grantlog.claim') AS claim`;
}
