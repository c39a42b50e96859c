import { Socket } from 'node:net';
import type { Server } from '../orders';

/** Where connections go to. A server that was started again has another port, and the app shall not need to know. */
export class ServerAddress {
  constructor(public server: Server) {}

  /** A socket that goes to the server's port of that moment, whichever it is told. */
  readonly socket = (): Socket => {
    const socket = new Socket();
    const connect = socket.connect.bind(socket) as (port: number, host: string) => Socket;
    return Object.assign(socket, { connect: () => connect(this.server.port, '127.0.0.1') });
  };
}
