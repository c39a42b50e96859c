import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client } from 'pg';
import { fatal, type Message, message, Messages, number, textsOf } from './wire-messages';

const sslRequest = 80_877_103;
const protocol = 196_608;
/** What PgBouncer takes of a client's start-up; it refuses the rest. */
const knownSettings = ['user', 'database', 'application_name', 'client_encoding', 'datestyle', 'timezone'];
const idle = 'I';

/** A connection to PostgreSQL, which belongs to a client from its first message until its transaction ends. */
class PooledServer {
  owner: PooledClient | undefined;
  private readonly messages = new Messages(true);

  private constructor(
    private readonly stream: Duplex,
    pooler: TransactionPooler,
  ) {
    stream.removeAllListeners('data'); // pg has signed in; from here on the connection is ours
    stream.on('data', (data: Buffer) => {
      for (const one of this.messages.take(data)) this.owner?.answer(one);
    });
    stream.on('close', () => pooler.lost(this));
  }

  static async connect(url: string, pooler: TransactionPooler): Promise<PooledServer> {
    const client = new Client({ connectionString: url, application_name: 'pooled' });
    client.on('error', () => undefined); // the server may end it at any time
    client.connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) =>
      pooler.parameters.set(parameterName ?? '', parameterValue ?? ''),
    );
    await client.connect();
    return new PooledServer(client.connection.stream, pooler);
  }

  send(bytes: Buffer): void {
    this.stream.write(bytes);
  }

  end(): void {
    this.stream.destroy();
  }
}

/** A connection from the app. */
class PooledClient {
  server: PooledServer | undefined;
  private readonly messages = new Messages(false);
  private readonly waiting: Buffer[] = [];
  private started = false;
  /** ReadyForQuery messages that are owed to this client. */
  private owed = 0;
  /** Whether it has begun something that it has not yet asked to be answered. */
  private unasked = false;

  constructor(
    private readonly socket: Socket,
    private readonly pooler: TransactionPooler,
  ) {
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => pooler.left(this));
    socket.on('data', (data: Buffer) => {
      for (const one of this.messages.take(data)) {
        if (this.started) this.ask(one);
        else this.start(one);
      }
    });
  }

  serve(server: PooledServer): void {
    this.server = server;
    server.owner = this;
    for (const bytes of this.waiting.splice(0)) server.send(bytes);
  }

  answer({ type, bytes }: Message): void {
    this.socket.write(bytes);
    if (type !== 'Z') return;
    this.owed -= 1;
    if (this.owed > 0 || this.unasked || bytes.toString('latin1', 5) !== idle) return;
    const { server } = this;
    this.server = undefined;
    if (server) this.pooler.free(server);
  }

  end(text: string): void {
    this.socket.end(fatal('08P01', text));
  }

  private start({ bytes }: Message): void {
    const code = bytes.readInt32BE(4);
    if (code === sslRequest) this.socket.write('N');
    if (code === sslRequest) return;
    const settings = textsOf({ type: '', bytes }, 8).filter((_, at) => at % 2 === 0);
    const unknown = settings.find((name) => name !== '' && !knownSettings.includes(name.toLowerCase()));
    if (code !== protocol || unknown) {
      this.end(`unsupported startup parameter: ${unknown ?? code}`);
      return;
    }
    this.messages.becomeTyped();
    this.started = true;
    this.socket.write(message('R', number(0)));
    for (const parameter of this.pooler.parameters) this.socket.write(message('S', ...parameter));
    this.socket.write(message('K', number(0), number(0)));
    this.socket.write(message('Z', Buffer.from(idle)));
  }

  private ask(one: Message): void {
    const { type, bytes } = one;
    if (type === 'X') {
      this.socket.end();
      return;
    }
    this.pooler.heard(one);
    this.unasked = type !== 'Q' && type !== 'S';
    if (!this.unasked) this.owed += 1;
    if (this.server) this.server.send(bytes);
    else if (this.waiting.push(bytes) === 1) this.pooler.want(this);
  }
}

/**
 * A pooler in transaction mode, as PgBouncer is before 1.21: many clients share few connections, each for one transaction at a
 * time, and always the one that has rested longest, so that whatever a client leaves in its session, it loses and others find.
 */
export class TransactionPooler {
  /** SQL that came through, each text once. */
  readonly statements = new Set<string>();
  /** What PostgreSQL tells of itself at the start. */
  readonly parameters = new Map<string, string>();
  private readonly servers = new Set<PooledServer>();
  private readonly clients = new Set<PooledClient>();
  private readonly resting: PooledServer[] = [];
  private readonly queue: PooledClient[] = [];
  private ending = false;

  private constructor(
    private readonly target: string,
    private readonly door: Server,
  ) {
    door.on('connection', (socket) => this.clients.add(new PooledClient(socket, this)));
  }

  /** @param size connections to the server that `target` names */
  static async start(target: string, size: number): Promise<TransactionPooler> {
    const door = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    const pooler = new TransactionPooler(target, door);
    for (let n = 0; n < size; n += 1) await pooler.connect();
    return pooler;
  }

  get url(): string {
    const url = new URL(this.target);
    const address = this.door.address();
    if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
    url.host = `127.0.0.1:${address.port}`;
    return url.href;
  }

  async end(): Promise<void> {
    this.ending = true;
    const closed = once(this.door, 'close');
    this.door.close();
    for (const client of this.clients) client.end('the pooler is shutting down');
    for (const server of this.servers) server.end();
    await closed;
  }

  want(client: PooledClient): void {
    const server = this.resting.shift();
    if (server) client.serve(server);
    else this.queue.push(client);
  }

  free(server: PooledServer): void {
    server.owner = undefined;
    const next = this.queue.shift();
    if (next) next.serve(server);
    else this.resting.push(server);
  }

  heard(one: Message): void {
    const [first = '', second = ''] = textsOf(one, 5);
    if (one.type === 'Q') this.statements.add(first);
    if (one.type === 'P') this.statements.add(second); // behind its name
  }

  left(client: PooledClient): void {
    this.clients.delete(client);
    const at = this.queue.indexOf(client);
    if (at >= 0) this.queue.splice(at, 1);
    client.server?.end(); // in the middle of something: nobody else may go on with that
  }

  lost(server: PooledServer): void {
    this.servers.delete(server);
    const at = this.resting.indexOf(server);
    if (at >= 0) this.resting.splice(at, 1);
    server.owner?.end('server conn crashed?');
    if (this.ending) return;
    this.connect().catch(() => {
      for (const client of this.queue.splice(0)) client.end('server login has been failing');
    });
  }

  private async connect(): Promise<void> {
    const server = await PooledServer.connect(this.target, this);
    this.servers.add(server);
    this.free(server);
  }
}
