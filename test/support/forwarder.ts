import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A stable address in front of a server that changes its own, or that is to be out of reach. */
export class Forwarder {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private silent = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private target: number,
  ) {
    server.on('connection', (near) => this.join(near));
  }

  /** @param target the port on this machine to which connections are led */
  static async to(target: number): Promise<Forwarder> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
    return new Forwarder(server, address.port, target);
  }

  /** The same URL by way of this address. */
  url(of: string): string {
    const url = new URL(of);
    url.port = String(this.port);
    return url.href;
  }

  /** Connections made from now on lead there; those that are open stay. */
  lead(target: number): void {
    this.target = target;
  }

  /** Ends every connection. */
  cut(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  /** Swallows what is sent either way, as a network does that has lost its route, until `speak()`. */
  fallSilent(): void {
    this.silent = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  speak(): void {
    this.silent = false;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  /** Swallows what is sent on the connections that are open, as a firewall does that has forgotten them; new ones are well. */
  forgetPresent(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  /** Ends every connection, and answers none until `open()`. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.cut();
    await closed;
  }

  async open(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async end(): Promise<void> {
    if (this.server.listening) await this.close();
  }

  private join(near: Socket): void {
    const far = connect(this.target, '127.0.0.1');
    const pair = [near, far] as const;
    this.pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('data', (data) => to.write(data));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.pairs.delete(pair);
      });
      from.on('end', () => to.end());
      if (this.silent) from.pause();
    }
  }
}
