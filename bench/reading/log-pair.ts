import { AuditTrail, grantlogEntities, KeySyntax } from 'grantlog';
import { DataSource } from 'typeorm';
import type { Client } from 'pg';
import { connect } from '../database';
import { withIntervalsDerived } from '../derived-intervals';
import { secondaryIndexes } from '../scenarios/bulk-insert';
import { Ours } from '../sides/ours';
import { fillOpenedx } from './openedx-log';
import { insertRecords } from './our-log';
import { stageEvents } from './staged-events';

/** The same events in both logs, in one database. */
export interface LogPair {
  readonly records: number;
  readonly trail: AuditTrail;
  readonly dataSource: DataSource;
  readonly client: Client;
  close(): Promise<void>;
}

/** @param say is told how the load goes on */
export async function loadPair(url: string, rows: number, say: (text: string) => void): Promise<LogPair> {
  await Ours.createTables(url);
  const client = await connect(url);
  const told = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    say(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return result;
  };
  const records = await told('staged', () => stageEvents(client, rows));
  await fillOurs(client, told);
  await told('loaded and indexed as openedx-authz has it', () => fillOpenedx(client));
  const dataSource = await new DataSource({ type: 'postgres', url, entities: grantlogEntities }).initialize();
  const close = async (): Promise<void> => {
    await dataSource.destroy();
    await client.end();
  };
  return { records, trail: new AuditTrail(dataSource, new KeySyntax()), dataSource, client, close };
}

type Told = (what: string, work: () => Promise<unknown>) => Promise<unknown>;

async function fillOurs(client: Client, told: Told): Promise<void> {
  await client.query(`SET maintenance_work_mem = '512MB'`);
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(secondaryIndexes, [
    'audit_record',
  ]);
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
  await told('intervals derived, in all', () =>
    withIntervalsDerived(client, async () => {
      await told('records loaded', () => insertRecords(client, 'audit_record', 'staged'));
      await client.query(
        'UPDATE audit_head SET (seq, recorded_at) = (SELECT seq, recorded_at FROM audit_record ORDER BY seq DESC LIMIT 1)',
      );
      await told('records indexed', async () => {
        for (const { definition } of indexes) await client.query(definition);
      });
    }),
  );
  await client.query('VACUUM (ANALYZE) audit_record');
  await client.query('VACUUM (ANALYZE) audit_interval');
}
