import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestApp } from './support/app';
import { cliArguments, cliEnvironment, cliProcess } from './support/cli';
import { Cluster } from './support/cluster';
import { recordMany } from './support/many-records';
import { output } from './support/program';
import { untilSo } from './support/until';

/** Enough to be in the middle of it when a signal comes. */
const many = 20_000;

describe('the command line as a process', () => {
  let cluster: Cluster;
  let app: TestApp;
  let url: string;
  let folder: string;
  const processes: ChildProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grantlog-'));
    cluster = await Cluster.create();
    ({ url } = cluster.database);
    app = await cluster.start({ grantlog: { listeners: false } });
    await recordMany(app, many);
  });
  afterEach(() => {
    for (const one of processes.splice(0)) one.kill('SIGKILL');
  });
  afterAll(async () => {
    await cluster.end();
    await rm(folder, { recursive: true });
  });

  function started(...args: string[]) {
    const process_ = spawn(process.execPath, cliArguments(...args), { env: cliEnvironment(url), stdio: 'pipe' });
    processes.push(process_);
    return process_;
  }

  /** Through a shell, which knows pipes; it answers what the command line ended with. */
  async function piped(command: string, after: string): Promise<{ code: number; stdout: string }> {
    const line = [process.execPath, ...cliArguments()].map((word) => `'${word}'`).join(' ');
    const script = `${line} ${command} ${after}; echo "ended with \${PIPESTATUS[0]}"`;
    const stdout = await output('bash', ['-c', script], { cwd: folder, env: cliEnvironment(url), limit: 60_000 });
    const [answer = '', code] = stdout.split('ended with ');
    return { code: Number(code), stdout: answer };
  }

  const sessions = async (): Promise<number> => {
    const [row] = await app.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'grantlog'`,
    );
    return row?.count ?? 0;
  };

  it('answers in JSON and prints nothing else on stdout; no colour ever', async () => {
    for (const env of [{}, { NO_COLOR: '1' }, { FORCE_COLOR: '3' }]) {
      const { code, stdout, stderr } = await cliProcess(url, ['records', '--json', '--limit', '1'], env);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout).items).toMatchObject([{ seq: String(many) }]);
    }
    const help = await cliProcess(url, ['--help'], { FORCE_COLOR: '3' });
    expect(help.stdout).not.toContain('\u001b');
  });

  it('ends with the codes it promises', async () => {
    expect((await cliProcess(url, ['records', '--limit', '0'])).code).toBe(2);
    expect((await cliProcess('', ['records'])).code).toBe(2);
    expect(await cliProcess('postgres://127.0.0.1:1/x', ['records'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^grantlog: connect ECONNREFUSED.*\n$/),
    });
  });

  it('exports everything to stdout, and says on stderr how far it reaches', async () => {
    const { code, stdout, stderr } = await cliProcess(url, ['export']);
    expect(code).toBe(0);
    expect(stdout.match(/\n/g)).toHaveLength(many);
    expect(stderr).toMatch(new RegExp(`^grantlog: ${many} records; the log is closed through .+Z\\n$`));
  });

  it('ends quietly when whoever reads has enough, and says by its code that it was cut off', async () => {
    const { code, stdout } = await piped('export 2>errors', '| head -1');
    expect(JSON.parse(stdout)).toMatchObject({ seq: '1' });
    expect(code).toBe(141);
    expect((await output('cat', [join(folder, 'errors')], { cwd: folder, limit: 5_000 })).trim()).toBe('');
    expect(await piped('records --json 2>errors', '| true')).toEqual({ code: 0, stdout: '' }); // it was whole
  });

  it('ends with 1 when stdout takes no more', async () => {
    const { code } = await piped('export', '2>errors >/dev/full');
    expect(code).toBe(1);
    expect(await output('cat', [join(folder, 'errors')], { cwd: folder, limit: 5_000 })).toMatch(
      /^grantlog: ENOSPC.+\n$/,
    );
  });

  it('needs neither stdin nor stderr', async () => {
    expect(await piped('records --json --limit 1', '<&- 2>&-')).toMatchObject({ code: 0 });
    expect((await piped('records --limit 0', '<&- 2>&-')).code).toBe(2);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends it at once, with nothing left behind', async (signal) => {
    const exporting = started('export', '--output', join(folder, 'whole.ndjson'));
    await untilSo(async () => (await readdir(folder)).some((name) => name.endsWith('.partial')));
    exporting.kill(signal);
    const [code, by] = (await once(exporting, 'close')) as [number | null, string | null];
    expect({ code, by }).toEqual({ code: null, by: signal });
    expect((await readdir(folder)).filter((name) => name.startsWith('whole'))).toEqual([]);
    await untilSo(async () => (await sessions()) === 0);
  });

  it('waits for a slow reader, and is gone from the database when it is killed meanwhile', async () => {
    const slow = started('export'); // nobody reads
    await untilSo(async () => (await sessions()) > 0);
    slow.kill('SIGINT');
    const [, by] = (await once(slow, 'exit')) as [number | null, string | null];
    expect(by).toBe('SIGINT');
    await untilSo(async () => (await sessions()) === 0);
  });

  it('does not tell of progress where nobody looks', async () => {
    const all = started('export');
    const [stderr] = await Promise.all([text(all.stderr), text(all.stdout)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
