import type { DataSource } from 'typeorm';
import { onIdleConnection, type PostgresClient } from './idle-connection';

const channel = 'grantlog';
/** Milliseconds after which a connection that does not answer is taken for dead. */
const patience = 15_000;
/** Milliseconds from one try to connect to the next, while the pool serves. */
const rest = 2_000;

interface OwnClient extends PostgresClient {
  readonly processID?: number | null;
  readonly connection: { readonly stream: { destroy(): void } };
  connect(): Promise<unknown>;
  on(event: 'notification', listener: (message: { channel: string; processId: number }) => void): void;
  on(event: 'error' | 'end', listener: () => void): void;
}

interface Pool {
  readonly options: object;
  readonly Client: new (options: object) => OwnClient;
}

/**
 * A connection of this node beside the host's pool, so that memory follows also while callers hold all connections of the pool.
 * On it nodes hear of each other, by a NOTIFY that is never part of a transaction that changes something: at commit it takes a lock
 * of the whole database. Where it cannot be had, or sees other tables than the pool does, the pool serves.
 */
export class OwnConnection {
  private client: OwnClient | undefined;
  private connecting: Promise<OwnClient | undefined> | undefined;
  private nextTry = 0;
  private ended = false;
  private telling = false;
  private moreToTell = false;
  private readonly listeners = new Set<() => void>();

  /** @param notifications whether nodes tell each other by NOTIFY that there is something new */
  constructor(
    private readonly dataSource: DataSource,
    private readonly notifications: boolean,
  ) {}

  /** @param listener is told when another node has spoken, and when it may have done so unheard */
  onWord(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Runs statements, each of which MUST stand for itself, because others send theirs between them. */
  async use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const client = await this.connected();
    if (this.ended) throw new Error('The app is closing');
    if (client) return within(patience, work(client), () => client.connection.stream.destroy());
    return within(patience, onIdleConnection(this.dataSource, work));
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
    const { master } = this.dataSource.driver as { master?: Pool };
    if (!master) return undefined;
    const client = new master.Client(master.options);
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ processId }) => {
      if (processId !== client.processID) this.heard();
    });
    try {
      await within(patience, this.open(client), () => client.connection.stream.destroy());
      if (!this.ended) return (this.client = client);
    } catch {
      this.nextTry = performance.now() + rest; // the pool serves, and tells what is wrong if it cannot
    }
    await client.end().catch(() => undefined);
    return undefined;
  }

  private async open(client: OwnClient): Promise<void> {
    await client.connect();
    const answer = await client.query<{ replica: boolean }>('SELECT pg_is_in_recovery() AS replica FROM audit_head');
    // Nothing that is sent here would be refused, so that memory would stay with it, and with what was true a while ago.
    if ([answer].flat().some(({ rows }) => rows.some(({ replica }) => replica))) throw new Error('It is a replica');
    if (this.notifications) await client.query(`LISTEN ${channel}`);
  }

  private lost(client: OwnClient): void {
    if (client !== this.client) return;
    this.client = undefined;
    if (!this.ended) this.heard();
  }

  private heard(): void {
    for (const listener of this.listeners) listener();
  }
}

async function within<T>(limit: number, work: Promise<T>, giveUp: () => void = () => undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`The database did not answer within ${limit} ms`));
      giveUp();
    }, limit).unref();
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}
