import { createServer } from 'node:net';
import type { Settings } from './settings';
import { StartError } from './start-error';

/** Finds out before the database is started whether the port can be had. @throws StartError */
export async function assertPortIsFree({ host, port }: Pick<Settings, 'host' | 'port'>): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(port, host, resolve));
  } catch (error) {
    throw portError(error, host, port);
  }
  await new Promise((resolve) => probe.close(resolve));
}

/** What a failed listen means, in words. */
export function portError(error: unknown, host: string, port: number): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new StartError(`Port ${port} on ${host} is taken; stop what listens there, or set PORT to another one.`);
  if (code === 'EACCES')
    return new StartError(`Port ${port} on ${host} is not allowed to this user; set PORT to one above 1023.`);
  return new StartError(`The demo cannot listen on ${host}:${port}: ${message}. Set HOST and PORT.`);
}
