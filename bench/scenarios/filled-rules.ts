import type { Client } from 'pg';
import { type Assignment, type Crowd, crowd, rolePolicies } from '../sides/assignments';
import { Ours } from '../sides/ours';
import { PlainCasbin } from '../sides/plain-casbin';
import { insertInBulk } from './bulk-insert';
import { type Bench, withSide } from './scenario';

/** Rows of one statement. */
const atOnce = 10_000;

/** Creates our tables in an empty database, with the role policies and a crowd's assignments in them. */
export async function fillOurs(url: string, known: Crowd): Promise<void> {
  await Ours.createTables(url);
  await fillRules(url, known);
}

/** The same in typeorm-adapter's table. */
export async function fillPlain(url: string, known: Crowd): Promise<void> {
  await PlainCasbin.createTables(url);
  await fillRules(url, known);
}

/**
 * Both sides with the same rules, loaded from tables that were filled by SQL: in calls it would take the baseline hours. It opens
 * first, because its load blocks the event loop for seconds, and our relay lets the server end a transaction that is idle so long.
 */
export function withFilledSides<T>(
  bench: Bench,
  known: Crowd,
  work: (ours: Ours, baseline: PlainCasbin) => Promise<T>,
): Promise<T> {
  return withSide(bench, openPlain(known), (plain) => withSide(bench, openOurs(known), (ours) => work(ours, plain)));
}

function openOurs(known: Crowd): (url: string) => Promise<Ours> {
  return async (url) => {
    await fillOurs(url, known);
    return Ours.open(url, known.globs ? 'glob' : 'exact');
  };
}

function openPlain(known: Crowd): (url: string) => Promise<PlainCasbin> {
  return async (url) => {
    await fillPlain(url, known);
    return known.globs ? PlainCasbin.openWithGlobs(url) : PlainCasbin.open(url);
  };
}

function fillRules(url: string, known: Crowd): Promise<void> {
  return insertInBulk(url, 'casbin_rule', async (client) => {
    await insert(client, 'p', rolePolicies());
    let rows: string[][] = [];
    for (const assignment of crowd(known)) {
      if (rows.push(valuesOf(assignment)) < atOnce) continue;
      await insert(client, 'g', rows);
      rows = [];
    }
    await insert(client, 'g', rows);
  });
}

async function insert(client: Client, ptype: string, rows: readonly string[][]): Promise<void> {
  const columns = [0, 1, 2].map((column) => rows.map((row) => row[column]));
  await client.query(
    'INSERT INTO casbin_rule (ptype, v0, v1, v2) SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[])',
    [ptype, ...columns],
  );
}

function valuesOf({ subject, role, scope }: Assignment): string[] {
  return [subject, role, scope];
}
