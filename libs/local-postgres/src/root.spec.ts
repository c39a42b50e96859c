import { chmod, chown, cp, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startProgram } from '../test/program';
import { ask, clearScratch, scratch, startBusyBackend } from '../test/scratch';
import * as binaries from './binaries';
import { startLocalPostgres } from './index';

// Only root has to hand the server to another user; for anybody else there is nothing of this to show.
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const NOBODY = 65534;

asRoot('as root', () => {
  const path = process.env.PATH;

  afterEach(() => {
    process.env.PATH = path;
    jest.restoreAllMocks();
  });
  afterAll(clearScratch);

  it('PostgreSQL runs as nobody, below closed folders whose modes stay as they are', async () => {
    const closed = await scratch();
    await mkdir(closed, { mode: 0o700 });
    const dataDir = join(closed, 'clone', 'data');
    const native = join(closed, 'node_modules', 'native');
    const { postgres, initdb } = binaries.findBinaries();
    await cp(join(dirname(postgres), '..'), native, { recursive: true, verbatimSymlinks: true });
    jest.spyOn(binaries, 'findBinaries').mockReturnValue({
      initdb: initdb.replace(/.*\/bin/, `${native}/bin`),
      postgres: join(native, 'bin', 'postgres'),
    });

    const started = await startLocalPostgres({ dataDir });

    expect((await stat(`/proc/${started.pid}`)).uid).toBe(NOBODY);
    expect((await stat(join(dataDir, 'cluster'))).uid).toBe(NOBODY);
    expect(await ask(started.url, 'SELECT 1')).toBe(1);
    expect(await startLocalPostgres({ dataDir })).toMatchObject({ pid: started.pid, adopted: true });
    await started.stop();
    expect(await stat(closed)).toMatchObject({ mode: 0o40700, uid: 0 });
  });

  it('in a container, below a closed folder, PostgreSQL is adopted, and its leftovers are ended', async () => {
    const closed = await scratch();
    await mkdir(closed, { mode: 0o700 });
    const dataDir = join(closed, 'data');
    const first = startProgram(dataDir, 'hold', 'container');
    const { pid, url } = await first.started;
    process.kill(first.pid, 'SIGKILL');
    await first.ended;

    expect(await startProgram(dataDir, 'pass', 'container').started).toMatchObject({ pid, url, adopted: true });

    await startBusyBackend(url);
    process.kill(pid, 'SIGKILL');
    const next = await startProgram(dataDir, 'pass', 'container').started;
    expect(next.adopted).toBe(false);
    await (await startLocalPostgres({ dataDir })).stop();
  });

  it('without setpriv the closed folder is named, and nothing is made', async () => {
    const closed = await scratch();
    await mkdir(closed, { mode: 0o700 });
    const dataDir = join(closed, 'data');
    process.env.PATH = '';
    await expect(startLocalPostgres({ dataDir })).rejects.toMatchObject({
      code: 'CLOSED_FOLDER',
      message: expect.stringContaining(closed),
    });
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('without closed folders setpriv is not needed', async () => {
    const dataDir = await scratch();
    process.env.PATH = '';
    const started = await startLocalPostgres({ dataDir });
    expect((await stat(`/proc/${started.pid}`)).uid).toBe(NOBODY);
    await started.stop();
  });

  it("PostgreSQL runs as the cluster's owner when that is an ordinary user", async () => {
    const dataDir = await scratch();
    await (await startLocalPostgres({ dataDir })).stop();
    const inside = await readdir(dataDir, { recursive: true });
    for (const path of [dataDir, ...inside.map((name) => join(dataDir, name))]) await chown(path, 4321, 4321);
    await chmod(dataDir, 0o700);
    const started = await startLocalPostgres({ dataDir });
    expect((await stat(`/proc/${started.pid}`)).uid).toBe(4321);
    await started.stop();
  });

  it('a cluster that root has copied is given to nobody', async () => {
    const original = await scratch();
    await (await startLocalPostgres({ dataDir: original })).stop();
    const dataDir = await scratch();
    await cp(original, dataDir, { recursive: true });
    await chmod(dataDir, 0o755);
    expect((await stat(join(dataDir, 'cluster', 'data'))).uid).toBe(0);
    const started = await startLocalPostgres({ dataDir });
    expect(await ask(started.url, 'SELECT 1')).toBe(1);
    await started.stop();
  });
});
