import { DataSource } from 'typeorm';
import { KeySyntax } from 'grantlog';
import { PastAssignments } from '../libs/grantlog/src/past/past-assignments';
import { startApp } from './support/app';
import { reader } from './support/facts';
import { OwnServer } from './support/own-server';
import { until } from './support/until';

describe('the past, read on a replica,', () => {
  it('is told as far as the primary has closed it, and nothing is written', async () => {
    const server = await OwnServer.start();
    const { server: replica, feed } = await server.replica();
    const app = await startApp({ url: server.directUrl, grantlog: { listeners: false } });
    const dataSource = await new DataSource({ type: 'postgres', url: replica.directUrl, poolSize: 1 }).initialize();
    try {
      const past = new PastAssignments(dataSource, new KeySyntax());
      await app.assignments.assign(reader(1));
      const granted = (await app.records()).at(-1)?.recordedAt ?? '';
      const closedOnReplica = async (): Promise<string> => {
        const [head] = await dataSource.query<{ at: string }[]>(
          `SELECT to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM audit_head`,
        );
        return head?.at ?? '';
      };
      await until(closedOnReplica, (at) => at >= granted);
      const [{ pid } = { pid: 0 }] = await dataSource.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      expect((await past.page({ asOf: granted })).items).toMatchObject([reader(1)]);
      const [{ asked } = { asked: '' }] = await dataSource.query<{ asked: string }[]>(
        `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS asked`,
      );
      await expect(past.page({ asOf: asked })).rejects.toThrow(`complete up to ${granted}`);
      expect(await dataSource.query('SELECT pg_backend_pid() AS pid')).toEqual([{ pid }]); // no connection was lost by it
      await app.assignments.findPage({ asOf: asked }); // the primary closes it
      await until(closedOnReplica, (at) => at >= asked);
      expect((await past.page({ asOf: asked })).items).toMatchObject([reader(1)]);
    } finally {
      await dataSource.destroy();
      await app.close();
      await feed.end();
      await replica.end();
      await server.end();
    }
  }, 120_000);
});
