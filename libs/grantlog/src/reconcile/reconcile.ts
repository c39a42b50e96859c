import type { Model } from 'casbin';
import type { DataSource } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import { onIdleConnection } from '../database/idle-connection';
import { keysOf } from '../grantlog-migrations-for';
import { NotInstalledError } from '../installation';
import type { RuleFinding } from './finding';
import { recordFindings } from './record-findings';
import { type ReconcileReport, Tally } from './reconcile-report';
import { search } from './search';

export interface ReconcileOptions {
  /** Writes the records that are missing. Default: `false`, nothing is changed */
  readonly record?: boolean;
  /** Why, for the reasons of these records. Default: none is added */
  readonly reason?: string;
  /** The Casbin model, or the path of its CONF file: it says which column of a policy is its scope. Default: none is recorded for policies */
  readonly model?: Model | string;
  /** Between namespace and external key. Default: `'^'` */
  readonly separator?: string;
  /** How many findings the report names. Default: 1,000 */
  readonly limit?: number;
  /** Is told of every finding, also beyond the limit. What it returns is waited for. */
  readonly found?: (finding: RuleFinding) => void | Promise<void>;
  /** Is told how it goes on, in a few words. */
  readonly progress?: (line: string) => void;
}

const named = 1_000;

/**
 * Folds the log and compares it with `casbin_rule`: names every rule that was changed past Grantlog, and what is wrong with the log. It can be
 * run beside a running system, which it neither holds nor misunderstands: what is under way is no finding.
 *
 * With `record` it writes the missing records as `system^reconcile`, through the outbox, and waits until they are in the log. It can be killed at
 * any point and simply run again. That needs a connection of PostgreSQL's own, not a pooler's in transaction mode.
 * @throws NotInstalledError
 * @throws InvalidInputError if an option is malformed
 * @throws GrantlogError (`NOT_INSTALLED`) if rules cannot be recorded because the unique index of the table is gone
 */
export async function reconcile(dataSource: DataSource, options: ReconcileOptions = {}): Promise<ReconcileReport> {
  const { record = false, limit = named, found, progress = () => undefined, reason } = options;
  if (!Number.isInteger(limit) || limit < 0) throw new InvalidInputError('limit', 'must be a whole number from 0 on');
  const tally = new Tally(limit, found);
  const keys = keysOf(options);
  await assertInstalled(dataSource);
  if (record) return recordFindings({ dataSource, tally, keys, reason, progress });
  progress('comparing casbin_rule with the log');
  const searched = await onIdleConnection(dataSource, (client) =>
    search(dataSource, client, (some) => tally.hear(some)),
  );
  return tally.report(searched, { recorded: 0, locked: 0 });
}

const tables = [
  'casbin_rule',
  'audit_outbox',
  'audit_record',
  'audit_head',
  'audit_adoption',
  'audit_interval',
  'audit_interval_block',
];

/** What an app needs besides, such as the unique rule, is what is looked for. */
async function assertInstalled(dataSource: DataSource): Promise<void> {
  const missing = await dataSource.query<{ name: string }[]>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL',
    [tables],
  );
  if (missing.length > 0) throw new NotInstalledError(missing.map(({ name }) => name));
  const adopted = await dataSource.query<unknown[]>('SELECT 1 FROM audit_adoption WHERE finished_at IS NOT NULL');
  if (adopted.length === 0) throw new NotInstalledError(['the end of the adoption of casbin_rule']);
}
