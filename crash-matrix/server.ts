import { join } from 'node:path';
import { type LocalPostgres, startLocalPostgres } from 'local-postgres';
import { grantlogEntities, grantlogMigrations } from 'grantlog';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { installWitness } from './judge/witness';
import type { Server } from './orders';

const settings: Readonly<Record<string, string>> = {
  max_connections: '60',
  // Each start after a kill flushes the whole folder: by one call where there is one.
  ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
};

/** The PostgreSQL that is killed. Its cluster stays in the folder, and so does one that runs: it is adopted. */
export class KilledServer {
  private constructor(
    private readonly dataDir: string,
    private running: LocalPostgres,
  ) {}

  /** With Grantlog's tables and the witness in it. */
  static async open(state: string): Promise<KilledServer> {
    const dataDir = join(state, 'server');
    const server = new KilledServer(dataDir, await startLocalPostgres({ dataDir, settings }));
    await server.install();
    return server;
  }

  get url(): string {
    return this.running.url;
  }

  get address(): Server {
    return { port: this.running.port, postmaster: this.running.pid };
  }

  /** Starts it again where it was killed; one that is alive goes on. */
  async revive(): Promise<Server> {
    this.running = await startLocalPostgres({ dataDir: this.dataDir, settings });
    return this.address;
  }

  /** A connection beside the app's. One that breaks is heard of at its next query. */
  async connect(): Promise<Client> {
    const client = new Client({ connectionString: this.url, application_name: 'crash-matrix' });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async stop(): Promise<void> {
    await this.running.stop();
  }

  private async install(): Promise<void> {
    const dataSource = await new DataSource({
      type: 'postgres',
      url: this.url,
      entities: grantlogEntities,
      migrations: grantlogMigrations,
      migrationsRun: true,
    }).initialize();
    try {
      await installWitness((sql) => dataSource.query(sql));
    } finally {
      await dataSource.destroy();
    }
  }
}
