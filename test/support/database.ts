import { randomBytes } from 'node:crypto';
import { grantlogEntities, grantlogMigrations } from 'grantlog';
import { Client } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { testServer } from './test-server';

/** A fresh database for one test file. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

export async function createDatabase(): Promise<TestDatabase> {
  const name = `grantlog_${process.env.JEST_WORKER_ID ?? '0'}_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name}`);
  const url = new URL(testServer.url);
  url.pathname = `/${name}`;
  return { url: url.href, name, drop: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** Runs SQL on the server, outside of any test database. */
export async function onServer(sql: string): Promise<void> {
  const client = new Client({ connectionString: testServer.url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

export function dataSourceOptions(url: string, poolSize = 10): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: grantlogEntities,
    migrations: grantlogMigrations,
    migrationsRun: true,
    poolSize,
  };
}

export async function connect(url: string, poolSize?: number): Promise<DataSource> {
  return new DataSource(dataSourceOptions(url, poolSize)).initialize();
}
