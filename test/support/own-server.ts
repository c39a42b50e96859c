import { appendFile, chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalPostgres, startLocalPostgres } from 'local-postgres';
import { Forwarder } from './forwarder';
import { Stranger } from './stranger';
import { untilSo } from './until';

/** A server that follows another one. `feed` leads to that one. */
export interface Replica {
  readonly server: OwnServer;
  readonly feed: Forwarder;
}

/** A PostgreSQL of one test file, which it may stop and kill, behind an address that stays the same. */
export class OwnServer {
  private constructor(
    /** Holds the cluster; the account that PostgreSQL runs as may pass through it. */
    readonly folder: string,
    /** Leads to whichever server is to be the database. */
    readonly address: Forwarder,
    private running: LocalPostgres,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<OwnServer> {
    const folder = await newFolder();
    const running = await startLocalPostgres({ dataDir: join(folder, 'pg'), settings });
    return new OwnServer(folder, await Forwarder.to(running.port), running);
  }

  /**
   * A replica, made from a copy of this server, which is stopped for it.
   * @param settings of this server, when it is started again
   */
  async replica(settings: Record<string, string> = {}): Promise<Replica> {
    const folder = await newFolder();
    const data = join(folder, 'pg', 'cluster', 'data');
    await this.stop();
    await cp(join(this.folder, 'pg'), join(folder, 'pg'), { recursive: true });
    await chmod(join(folder, 'pg'), 0o755);
    await this.startAgain(settings);
    const feed = await Forwarder.to(this.port);
    const password = new URL(this.url).password;
    await writeFile(join(data, 'standby.signal'), '');
    await appendFile(
      join(data, 'postgresql.auto.conf'),
      `primary_conninfo = 'host=127.0.0.1 port=${feed.port} user=postgres password=${password} sslmode=disable application_name=replica'\n`,
    );
    const running = await startLocalPostgres({ dataDir: join(folder, 'pg') });
    return { server: new OwnServer(folder, await Forwarder.to(running.port), running), feed };
  }

  /** By way of the forwarder. */
  get url(): string {
    return this.address.url(this.running.url);
  }

  /** Past the forwarder, for strangers. */
  get directUrl(): string {
    return this.running.url;
  }

  get port(): number {
    return this.running.port;
  }

  /** Ends sessions, and the server. */
  stop(): Promise<void> {
    return this.running.stop();
  }

  /** Serves whoever is connected, and nobody else. */
  async stopTakingConnections(): Promise<void> {
    process.kill(this.running.pid, 'SIGTERM');
    await untilSo(() =>
      Stranger.connect(this.directUrl).then(
        async (stranger) => {
          await stranger.end();
          return false;
        },
        (error: unknown) => (error as { code?: string }).code === '57P03',
      ),
    );
  }

  /** `kill -9` of the postmaster. */
  kill(): void {
    process.kill(this.running.pid, 'SIGKILL');
  }

  async startAgain(settings: Record<string, string> = {}): Promise<void> {
    this.running = await startLocalPostgres({ dataDir: join(this.folder, 'pg'), settings });
    this.address.lead(this.running.port);
  }

  /** @param beforeRemoval what is done when the server has stopped and its folder is still there */
  async end(beforeRemoval?: () => void): Promise<void> {
    await this.address.end();
    await this.running.stop();
    beforeRemoval?.();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'grantlog-own-'));
  await chmod(folder, 0o755);
  return folder;
}
