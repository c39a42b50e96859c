import type { DataSource } from 'typeorm';

interface Pool {
  on(event: 'connect', listener: (client: { on(event: 'error', listener: () => void): void }) => void): void;
}

/**
 * Gives every connection of the pool a listener for errors. Between pg-pool, which takes its own away when it hands a
 * connection out, and TypeORM, which attaches one a turn of the event loop later, nobody listens: a server that ends a
 * connection in that moment would end the process. The error itself is told by the statement that meets it.
 */
export function surviveLostConnections(dataSource: DataSource): void {
  const { master, slaves = [] } = dataSource.driver as { master?: Pool; slaves?: Pool[] };
  for (const pool of master ? [master, ...slaves] : slaves) {
    pool.on('connect', (client) => client.on('error', () => undefined));
  }
}
