import type { DataSource } from 'typeorm';
import { onIdleConnection, type PostgresClient } from './idle-connection';
import { query } from './query';
import { watched, withinPatience } from './watched-client';

const channel = 'grantlog';
/** Milliseconds from one try to connect to the next, while the pool serves. */
const rest = 2_000;

/** Tells all nodes that there is something new, from a process that is none of them. */
export async function tellNodes(dataSource: DataSource): Promise<void> {
  await query(dataSource, `NOTIFY ${channel}`);
}

interface OwnClient extends PostgresClient {
  readonly processID?: number | null;
  readonly connection: { readonly stream: { destroy(): void } };
  connect(): Promise<unknown>;
  on(event: 'notification', listener: (message: { processId: number }) => void): void;
  on(event: 'error' | 'end', listener: () => void): void;
}

interface Pool {
  readonly options: { readonly onConnect?: (client: OwnClient) => unknown };
  readonly Client: new (options: object) => OwnClient;
}

/** Whose tables a connection sees: a host may set role and search_path for each connection of its pool. */
const whoseTables = `
  SELECT current_database() || ' ' || current_user || ' ' || 'audit_head'::regclass::oid AS tables,
    pg_is_in_recovery() AS replica`;

/**
 * A connection of this node beside the host's pool, so that memory follows also while callers hold all connections of the pool.
 * On it nodes hear of each other, by a NOTIFY that is never part of a transaction that changes something: at commit it takes a lock
 * of the whole database. Where it cannot be had, or sees other tables than the pool does, the pool serves.
 */
export class OwnConnection {
  private client: OwnClient | undefined;
  private connecting: Promise<OwnClient | undefined> | undefined;
  private lastUse: Promise<unknown> = Promise.resolve();
  private nextTry = 0;
  private ended = false;
  private telling = false;
  private moreToTell = false;
  private tables = '';
  private readonly listeners = new Set<(lost: boolean) => void>();

  /** @param notifications whether nodes tell each other by NOTIFY that there is something new */
  constructor(
    private readonly dataSource: DataSource,
    private readonly notifications: boolean,
  ) {}

  /** @param listener is told when another node has spoken, and when the connection is lost, so that it may have done so unheard */
  onWord(listener: (lost: boolean) => void): void {
    this.listeners.add(listener);
  }

  /** Runs `work` on the connection, when those before have ended. A statement that is not answered for 15 s ends the connection. */
  use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const use = this.lastUse.then(async () => this.serve(await this.connected(), work));
    this.lastUse = use.catch(() => undefined); // whoever uses it is told
    return use;
  }

  /** The same on another connection, made for this and ended after it. */
  async useAnother<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const client = await this.open();
    try {
      return await this.serve(client, work);
    } finally {
      await client?.end();
    }
  }

  /** Tells the other nodes that there is something new. Never throws and never waits: it is a hint, and nodes look by themselves. */
  tellOthers(): void {
    if (!this.notifications || this.ended) return;
    this.moreToTell = true;
    if (!this.telling) void this.tell();
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.connecting;
    await this.client?.end().catch(() => undefined); // it is broken, and gone anyway
  }

  private async serve<T>(client: OwnClient | undefined, work: (client: PostgresClient) => Promise<T>): Promise<T> {
    if (this.ended) throw new Error('The app is closing');
    if (client) return work(watched(client));
    return onIdleConnection(this.dataSource, (pooled) => work(watched(pooled)));
  }

  private async tell(): Promise<void> {
    this.telling = true;
    while (this.moreToTell && !this.ended) {
      this.moreToTell = false;
      await this.use((client) => client.query(`NOTIFY ${channel}`)).catch(() => undefined);
    }
    this.telling = false;
  }

  private async connected(): Promise<OwnClient | undefined> {
    if (this.client || this.ended || performance.now() < this.nextTry) return this.client;
    this.connecting ??= this.connect().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  private async connect(): Promise<OwnClient | undefined> {
    const client = await this.open();
    if (!client) return undefined;
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ processId }) => {
      if (processId !== client.processID) this.heard(false);
    });
    try {
      if (this.notifications) await watched(client).query(`LISTEN ${channel}`);
      if (!this.ended) return (this.client = client);
    } catch {
      this.nextTry = performance.now() + rest;
    }
    await client.end().catch(() => undefined);
    return undefined;
  }

  /** @returns `undefined` if it cannot be had; then the pool serves, and tells what is wrong if it cannot */
  private async open(): Promise<OwnClient | undefined> {
    const { master } = this.dataSource.driver as { master?: Partial<Pool> };
    if (!master?.Client || !master.options) return undefined;
    const client = new master.Client(master.options);
    client.on('error', () => undefined); // told by the statement that meets it
    try {
      await withinPatience(client.connect(), () => client.connection.stream.destroy());
      await master.options.onConnect?.(client);
      await this.assertSame(client);
      return client;
    } catch {
      this.nextTry = performance.now() + rest;
      await client.end().catch(() => undefined);
      return undefined;
    }
  }

  private async assertSame(client: OwnClient): Promise<void> {
    const own = await tablesOf(watched(client));
    if (own !== this.tables)
      this.tables = await onIdleConnection(this.dataSource, (pooled) => tablesOf(watched(pooled)));
    if (own !== this.tables) throw new Error('It sees other tables than the connections of the pool');
  }

  private lost(client: OwnClient): void {
    if (client !== this.client) return;
    this.client = undefined;
    if (!this.ended) this.heard(true);
  }

  private heard(lost: boolean): void {
    for (const listener of this.listeners) listener(lost);
  }
}

async function tablesOf(client: PostgresClient): Promise<string> {
  const answer = await client.query<{ tables: string; replica: boolean }>(whoseTables);
  const [row] = [answer].flat().flatMap(({ rows }) => rows);
  // A replica would refuse nothing that it is sent here, so that memory would stay with what was true a while ago.
  if (!row || row.replica) throw new Error('It is a replica');
  return row.tables;
}
