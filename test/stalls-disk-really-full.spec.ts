import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startApp, type TestApp } from './support/app';
import { letReadersRead, mayRead, reader, rulesIn } from './support/facts';
import { expectLogIsTable } from './support/load';
import { OwnServer } from './support/own-server';
import { Stranger } from './support/stranger';
import { until, untilSo } from './support/until';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const reasonOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);
const isGreen = (app: TestApp): Promise<void> => untilSo(async () => (await app.health.report()).status === 'green');
const diskFull = expect.objectContaining({
  code: '53100',
  message: expect.stringContaining('No space left on device'),
});

/** A small disk, if this user may make one. */
class SmallDisk {
  private constructor(readonly folder: string) {}

  static mount(below: string, owner: string): SmallDisk | undefined {
    const folder = join(below, 'small-disk');
    mkdirSync(folder);
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    const { uid, gid } = statSync(owner);
    chownSync(folder, uid, gid);
    return new SmallDisk(folder);
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.folder]);
  }
}

describe('a disk that is really full', () => {
  it('stops changes and recording, each with a clear error and as a whole, and both go on when there is space', async () => {
    const server = await OwnServer.start();
    const disk = SmallDisk.mount(server.folder, join(server.folder, 'pg', 'cluster', 'data'));
    try {
      if (!disk) console.warn('Skipped: a small disk can be mounted by root on Linux only.');
      else await onFullDisk(server, disk.folder);
    } finally {
      await server.end(() => disk?.unmount());
    }
  }, 60_000);

  async function onFullDisk(server: OwnServer, folder: string): Promise<void> {
    const admin = await Stranger.connect(server.directUrl);
    await admin.query(`CREATE TABLESPACE small LOCATION '${folder}'`);
    await admin.query('CREATE DATABASE small TABLESPACE small');
    await admin.end();
    const url = new URL(server.url);
    url.pathname = '/small';
    const [app, stranger] = [await startApp({ url: url.href }), await Stranger.connect(url.href)];
    try {
      await letReadersRead(app);
      await app.assignments.assign(reader('standing'));
      await app.records();
      await stranger.query('CREATE TABLE ballast AS SELECT 1 AS one WHERE false');
      await stranger.stopRecording();
      const recorder = await Stranger.connect(url.href);
      for (const n of times(5)) await app.assignments.assign(times(400).map((at) => reader(`early-${n}-${at}`)));
      await expect(recorder.query('INSERT INTO ballast SELECT generate_series(1, 10000000)')).rejects.toMatchObject({
        code: '53100',
      });
      await recorder
        .query(`DO $$ BEGIN LOOP INSERT INTO ballast SELECT generate_series(1, 200); COMMIT; END LOOP; END $$`)
        .catch((error: unknown) => expect(error).toMatchObject({ code: '53100' }));
      let call = 0;
      const refused = await until(
        () => {
          call += 1;
          return reasonOf(app.assignments.assign(times(100).map((at) => reader(`call-${call}-${at}`))));
        },
        (answer) => answer instanceof Error,
      );
      expect(refused).toEqual(diskFull);
      const before = await rulesIn(app.dataSource);
      expect(before.filter(([, subject]) => subject?.startsWith(`user^call-${call}-`))).toEqual([]);
      await stranger.release();
      const { problems } = await until(
        () => app.health.report(),
        ({ status }) => status === 'red',
      );
      expect(problems.join()).toContain('No space left on device');
      expect(await mayRead(app, 'standing')).toBe(true);
      await recorder.query('DROP TABLE ballast');
      await recorder.end();
      await isGreen(app);
      await app.assignments.assign(reader('again'));
      expect(await mayRead(app, 'again')).toBe(true);
      await expectLogIsTable(app);
    } finally {
      await stranger.end();
      await app.close();
    }
  }
});
