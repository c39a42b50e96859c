import type { DataSource } from 'typeorm';
import type { PostgresClient } from '../database/idle-connection';
import { inTransaction, type Send } from '../database/own-transaction';
import type { RuleFinding, FindingKind, LogProblem } from './finding';
import { findProblems } from './log-problems';
import { closeFindings, fetchFindings, openFindings, openSnapshot } from './search.sql';

/** Findings that are read in one go. */
const atOnce = 5_000;

/** Where a search stands, and what it has found besides rules. */
export interface Searched {
  /** The last seq of the log then. */
  readonly seq: string;
  readonly at: string;
  /** Rows of the table. */
  readonly rules: number;
  readonly problems: readonly LogProblem[];
}

/** A finding with the details of its rule, as the log has them. */
export type FoundRule = RuleFinding & { readonly details: string };

/** Hears of some findings at a time. */
export type Hear = (found: readonly FoundRule[]) => Promise<void>;

interface FindingRow extends Omit<RuleFinding, 'told' | 'kind'> {
  readonly kind: FindingKind;
  readonly operation: 'created' | 'deleted' | null;
  readonly seq: string | null;
  readonly recordedAt: string | null;
  readonly details: string;
}

/** Looks in one snapshot; it stays open until everything is heard. */
export function search(dataSource: DataSource, client: PostgresClient, hear: Hear): Promise<Searched> {
  return lookOnce(dataSource, client, async (send) => {
    await send({ text: openFindings('') });
    await drain(send, hear);
  });
}

/**
 * Looks in one snapshot, which ends before the first finding is heard. What was found stays with the connection: it MUST be PostgreSQL's own, not
 * a pooler's.
 */
export async function searchFirst(
  dataSource: DataSource,
  client: PostgresClient,
  hear: (found: readonly FoundRule[], searched: Searched) => Promise<void>,
): Promise<Searched> {
  const searched = await lookOnce(dataSource, client, (send) => send({ text: openFindings('WITH HOLD') }));
  const send: Send = async <Row>({ text }: { text: string }) =>
    [await client.query<Row>(text)].flat().flatMap(({ rows }) => rows);
  await drain(send, (found) => hear(found, searched));
  await send({ text: closeFindings });
  return searched;
}

function lookOnce(
  dataSource: DataSource,
  client: PostgresClient,
  look: (send: Send) => Promise<unknown>,
): Promise<Searched> {
  return inTransaction<Omit<Searched, 'problems'>, Searched>(dataSource, client, openSnapshot, async ([here], send) => {
    const problems = await findProblems(send);
    await look(send);
    return { ...(here ?? { seq: '0', at: '', rules: 0 }), problems };
  });
}

async function drain(send: Send, hear: Hear): Promise<void> {
  for (;;) {
    const rows = await send<FindingRow>({ text: fetchFindings(atOnce) });
    if (rows.length === 0) return;
    await hear(rows.map(foundIn));
  }
}

function foundIn({ operation, seq, recordedAt, ...row }: FindingRow): FoundRule {
  return { ...row, told: operation && { operation, seq, recordedAt } };
}
