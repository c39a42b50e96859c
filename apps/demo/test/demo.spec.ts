import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../../../test/support/database';
import { until } from '../../../test/support/until';
import { DemoProcess } from './demo-process';

const assignment = { subject: 'user^42', role: 'role^library_admin', scope: 'lib^lib:Org1:math' };
const model = join(__dirname, '..', 'sample', 'model.conf');

describe('the demo', () => {
  let folder: string;
  const running: DemoProcess[] = [];

  const start = async (environment: NodeJS.ProcessEnv = {}): Promise<DemoProcess> => {
    const demo = await DemoProcess.start({ DATA_DIR: folder, ...environment });
    running.push(demo);
    return demo;
  };
  const serverPid = (): number =>
    Number(readFileSync(join(folder, 'postgres/cluster/data/postmaster.pid'), 'utf8').split('\n')[0]);
  const recordsOf = async (demo: DemoProcess, query: string): Promise<Record<string, string>[]> =>
    (await demo.get(`/authz/audit-records?${query}`)).body.items;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grantlog-demo-'));
  });

  afterAll(async () => {
    // A demo that outlived its test would keep the database; a new one adopts it and stops it in order.
    await Promise.all(running.map((demo) => demo.kill('SIGKILL')));
    await (await start()).kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  it('starts by itself, lets the admin assign a role and shows who did it', async () => {
    const demo = await start();
    expect((await demo.get('/authz/audit-records')).status).toBe(401);
    expect((await demo.signIn('admin')).status).toBe(200);
    const assigned = await demo.post('/authz/role-assignments', { assignments: [assignment], reason: 'starts today' });
    expect(assigned).toEqual({ status: 200, body: { results: [{ ...assignment, changed: true }] } });
    const [record] = await until(
      () => recordsOf(demo, 'subject=user^42'),
      (records) => records.length === 1,
    );
    expect(record).toMatchObject({ ...assignment, actor: 'user^admin', reason: 'starts today', sourceIp: '127.0.0.1' });
    const imported = await recordsOf(demo, 'actor=system^import');
    expect(imported.length).toBe(50);
    expect((await demo.get('/authz/health')).body).toMatchObject({
      status: 'green',
      appendOnly: { state: 'enforced' },
    });
    expect((await demo.get('/docs-json')).body.paths).toHaveProperty('/authz/role-assignments');
    expect(await demo.kill('SIGTERM')).toBe(0);
    expect(existsSync(join(folder, 'postgres/cluster/data/postmaster.pid'))).toBe(false);
  }, 60_000);

  it('lets others sign in who have a role, and do what the policy grants them', async () => {
    const demo = await start();
    expect((await demo.signIn('nobody-of-that-name')).status).toBe(401);
    await demo.signIn('ada');
    expect((await demo.get('/authz/audit-records')).status).toBe(403);
    await demo.signIn('zoe');
    expect((await demo.get('/authz/audit-records')).status).toBe(200);
    expect((await demo.post('/authz/role-assignments', { assignments: [assignment] })).status).toBe(403);
    await demo.signIn('moses');
    expect((await demo.post('/authz/role-assignments/remove', { assignments: [assignment] })).status).toBe(200);
    const [record] = await until(
      () => recordsOf(demo, 'subject=user^42'),
      (records) => records.length === 2,
    );
    expect(record).toMatchObject({ operation: 'deleted', actor: 'user^moses' });
    expect((await demo.post('/session', { user: 7 })).body).toMatchObject({ statusCode: 400, field: 'user' });
    expect(await demo.kill('SIGINT')).toBe(0);
  }, 60_000);

  it('records who tried in vain, if AUDIT_ATTEMPTS says so', async () => {
    const demo = await start({ AUDIT_ATTEMPTS: 'true' });
    await demo.signIn('zoe');
    expect((await demo.post('/authz/role-assignments', { assignments: [assignment] })).status).toBe(403);
    const [attempt] = await until(
      () => recordsOf(demo, 'outcome=denied'),
      (records) => records.length === 1,
    );
    expect(attempt).toMatchObject({ ...assignment, actor: 'user^zoe', type: 'role_assignment.created' });
    expect(await demo.kill('SIGTERM')).toBe(0);
  }, 60_000);

  it('lets an auditor of some scopes read there and nowhere else, and records who reads, if AUDIT_READS says so', async () => {
    const demo = await start({ AUDIT_READS: 'true' });
    await demo.signIn('admin');
    const scopes = ['lib^lib:Axim:new', 'lib^lib:MITx:new'];
    await demo.post('/authz/role-assignments', { assignments: scopes.map((scope) => ({ ...assignment, scope })) });
    const [shown, other] = await until(
      () => Promise.all(scopes.map((scope) => recordsOf(demo, `scope=${scope}`))),
      (found) => found.every((records) => records.length === 1),
    );
    await demo.signIn('iris');
    const records = await recordsOf(demo, 'limit=200');
    expect(records.length).toBeGreaterThan(0);
    expect(records.filter(({ scope }) => !scope?.startsWith('lib^lib:Axim:'))).toEqual([]);
    expect((await demo.get(`/authz/audit-records/${shown?.[0]?.id}`)).status).toBe(200);
    expect((await demo.get(`/authz/audit-records/${other?.[0]?.id}`)).status).toBe(404);
    const { items } = (await demo.get('/authz/role-assignments?subject=user^42')).body as {
      items: { scope: string }[];
    };
    expect(items.map(({ scope }) => scope)).toEqual(['lib^lib:Axim:new']);
    expect((await demo.post('/authz/role-assignments/remove', { assignments: [assignment] })).status).toBe(403);
    await demo.signIn('ada');
    expect((await demo.get('/authz/audit-records')).status).toBe(403);
    await demo.signIn('zoe');
    const reads = await until(
      () => recordsOf(demo, 'type=audit.read&actor=user^iris'),
      (found) => found.length === 2,
    );
    expect(reads.map(({ details }) => details)).toEqual([{ query: { id: shown?.[0]?.id } }, { query: {} }]);
    expect(await demo.kill('SIGTERM')).toBe(0);
  }, 60_000);

  it.each(['the app', 'PostgreSQL', 'both'])(
    'keeps everything when %s is killed with -9',
    async (victim) => {
      const subject = `user^${victim.replaceAll(' ', '-')}`;
      const demo = await start();
      await demo.signIn('admin');
      await demo.post('/authz/role-assignments', { assignments: [{ ...assignment, subject }] });
      if (victim !== 'the app') process.kill(serverPid(), 'SIGKILL');
      if (victim === 'PostgreSQL') {
        expect(await demo.exited).toBe(1);
        expect(demo.complaint).toContain('start the demo again');
      } else await demo.kill('SIGKILL');

      const again = await start();
      await again.signIn('admin');
      const records = await until(
        () => recordsOf(again, `subject=${subject}`),
        (found) => found.length > 0,
      );
      expect(records).toHaveLength(1);
      const { body } = await again.get(
        `/authz/enforce?subject=${subject}&action=act^content_libraries.view_library&scope=lib^lib:Org1:math`,
      );
      expect(body).toEqual({ allowed: true });
      expect(await again.kill('SIGTERM')).toBe(0);
    },
    120_000,
  );

  it('ends with its database when npm is told to end', async () => {
    const demo = await DemoProcess.npmStart({ DATA_DIR: folder });
    running.push(demo);
    expect(demo.url).not.toBe('');
    expect(await demo.kill('SIGTERM')).toBe(0);
    await until(
      () => existsSync(join(folder, 'postgres/cluster/data/postmaster.pid')),
      (there) => !there,
    );
    await expect(fetch(`${demo.url}/docs-json`)).rejects.toThrow();
  }, 60_000);

  it('refuses to share its data folder, and says how to go on', async () => {
    const first = await start();
    const second = await start();
    expect(await second.exited).toBe(1);
    expect(second.complaint).toMatch(/^DATA_DIR .* is in use by another running demo; .*DATABASE_URL\.$/);
    expect(await first.kill('SIGTERM')).toBe(0);
  }, 60_000);

  it('imports a policy once by its content, and of a changed file only what is new to it', async () => {
    const policy = join(folder, 'policy.csv');
    const rule = 'p, role^library_admin, act^content_libraries.view_library, *, allow\n';
    await writeFile(policy, `${rule}g, user^eve, role^library_admin, lib^lib:Org9:one\n`);
    const eve = { ...assignment, subject: 'user^eve', scope: 'lib^lib:Org9:one' };
    const first = await start({ CASBIN_MODEL: model, CASBIN_POLICY: policy });
    await first.signIn('admin');
    expect((await first.get('/authz/role-assignments?subject=user^eve')).body.items).toHaveLength(1);
    await first.post('/authz/role-assignments/remove', { assignments: [eve] });
    await first.kill('SIGTERM');

    await writeFile(
      policy,
      `${rule}g, user^eve, role^library_admin, lib^lib:Org9:one\ng, user^eve, role^library_admin, lib^lib:Org9:two\n`,
    );
    const second = await start({ CASBIN_MODEL: model, CASBIN_POLICY: policy });
    await second.signIn('admin');
    const { items } = (await second.get('/authz/role-assignments?subject=user^eve')).body;
    expect(items).toEqual([expect.objectContaining({ scope: 'lib^lib:Org9:two' })]);
    await second.kill('SIGTERM');
  }, 60_000);

  it('says in one line why it cannot start, and ends with 1', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as { port: number }).port);
    const policyFile = join(folder, 'short.csv');
    await writeFile(policyFile, 'g, user^eve, role^library_admin\n');
    const reasons: [NodeJS.ProcessEnv, RegExp][] = [
      [{ PORT: port }, /^Port \d+ on 127\.0\.0\.1 is taken; .* PORT/],
      [{ PORT: 'http' }, /^PORT must be a port number/],
      [
        { DATABASE_URL: `postgres://u:secret@127.0.0.1:${port === '1' ? 2 : 1}/x` },
        /^DATABASE_URL: 127\.0\.0\.1:1\/x does not answer/,
      ],
      [{ DATABASE_URL: 'mysql://localhost/x' }, /^DATABASE_URL must look like postgres:/],
      [{ AUDIT_ATTEMPTS: 'yes' }, /^AUDIT_ATTEMPTS must be true or false/],
      [{ AUDIT_READS: '1' }, /^AUDIT_READS must be true or false/],
      [{ TRUST_PROXY: 'yes' }, /^TRUST_PROXY must be the number of proxies or their addresses/],
      [{ DATA_DIR: policyFile }, /^DATA_DIR .* cannot be used as a folder/],
      [{ CASBIN_MODEL: join(folder, 'none.conf') }, /^CASBIN_MODEL .*none\.conf cannot be read/],
      [{ CASBIN_MODEL: __filename }, /^CASBIN_MODEL .* is not a Casbin model/],
      [{ CASBIN_POLICY: join(folder, 'none.csv') }, /^CASBIN_POLICY .*none\.csv cannot be read/],
      [{ CASBIN_POLICY: join(folder, 'short.csv') }, /^CASBIN_POLICY .*short\.csv:1: "g" takes 3 values/],
    ];
    for (const [environment, complaint] of reasons) {
      const demo = await start(environment);
      expect(await demo.exited).toBe(1);
      expect(demo.complaint).toMatch(complaint);
      expect(demo.complaint).not.toContain('\n');
      expect(demo.complaint).not.toContain('secret');
    }
    taken.close();
  }, 60_000);

  it('runs as two nodes on the server that DATABASE_URL names', async () => {
    const database = await createDatabase();
    const [one, two] = await Promise.all([
      start({ DATABASE_URL: database.url }),
      start({ DATABASE_URL: database.url }),
    ]);
    await one.signIn('admin');
    two.takeSessionOf(one);
    await one.post('/authz/role-assignments', { assignments: [assignment] });
    expect(
      await until(
        () => recordsOf(two, 'subject=user^42'),
        (found) => found.length > 0,
      ),
    ).toHaveLength(1);
    const question = '/authz/enforce?subject=user^42&action=act^content_libraries.view_library&scope=lib^lib:Org1:math';
    await until(
      () => two.get(question),
      ({ body }) => (body as { allowed: boolean }).allowed,
    );
    expect(await recordsOf(two, 'actor=system^import&subject=user^zoe')).toHaveLength(1);
    expect(await Promise.all([one.kill('SIGTERM'), two.kill('SIGTERM')])).toEqual([0, 0]);
    await database.drop();
  }, 60_000);
});
