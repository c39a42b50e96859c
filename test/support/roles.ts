import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions, onServer, type TestDatabase } from './database';

const password = '<choose one>'; // the placeholder in grantsFor's statements, taken literally

/** Login roles of one test file, with names of their own; drop them after their database. */
export class Roles {
  private readonly names = new Set<string>();

  constructor(private readonly database: TestDatabase) {}

  /** A name that `drop()` will take care of, for a role that somebody else creates. */
  name(what: string): string {
    const name = `grantlog_${what}_${randomBytes(6).toString('hex')}`;
    this.names.add(name);
    return name;
  }

  alsoDrop(name: string): void {
    this.names.add(name);
  }

  async create(what: string, attributes = ''): Promise<string> {
    const name = this.name(what);
    await onServer(`CREATE ROLE ${name} LOGIN ${attributes} PASSWORD '${password}'`);
    return name;
  }

  urlAs(role: string): string {
    const url = new URL(this.database.url);
    url.username = role;
    url.password = encodeURIComponent(password);
    return url.href;
  }

  connectAs(role: string): Promise<DataSource> {
    return new DataSource({ ...dataSourceOptions(this.urlAs(role), 2), migrationsRun: false }).initialize();
  }

  async asRole<T>(role: string, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    const dataSource = await this.connectAs(role);
    try {
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }

  /** Runs statements in the test database as the server's superuser. */
  async administer(...statements: string[]): Promise<void> {
    const client = new Client({ connectionString: this.database.url });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  async drop(): Promise<void> {
    for (const name of this.names) await onServer(`DROP ROLE IF EXISTS "${name}"`);
  }
}
