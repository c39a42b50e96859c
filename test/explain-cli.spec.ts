import type { TestApp } from './support/app';
import { cli } from './support/cli';
import { Cluster } from './support/cluster';
import { demoModel } from './support/models';

const model = 'apps/demo/sample/model.conf';

let cluster: Cluster;
let app: TestApp;
beforeAll(async () => {
  cluster = await Cluster.create();
  app = await cluster.start({ grantlog: { model: demoModel(), scopeMatching: 'glob', listeners: false } });
  await app.enforcer.addPolicy('role^author', 'act^edit', 'lib^*', 'allow');
  await app.assignments.assign(
    { subject: 'user^ann', role: 'role^author', scope: 'lib^lib:X:*' },
    { reason: 'new\nhere' },
  );
  await app.relay.drained();
});
afterAll(() => cluster.end());

const asked = (subject: string): string[] => [
  'explain',
  '--subject',
  subject,
  '--action',
  'act^edit',
  '--scope',
  'lib^lib:X:1',
];
const explain = (args: readonly string[], env: Record<string, string> = {}): ReturnType<typeof cli> =>
  cli(cluster.database.url, args, { env: { CASBIN_MODEL: model, GRANTLOG_SCOPE_MATCHING: 'glob', ...env } });

describe('grantlog explain', () => {
  it('says in text what decided, and who granted it', async () => {
    const { code, stdout, stderr } = await explain(asked('user^ann'));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Allowed: user\^ann act\^edit lib\^lib:X:1\n/);
    expect(stdout).toMatch(/\np, role\^author, act\^edit, lib\^\*, allow +system /);
    expect(stdout).toMatch(/\nuser\^ann +role\^author +lib\^lib:X:\* +system +\S+ +new\\u000ahere\n/);
  });

  it('says of a denial what is missing; that is an answer too', async () => {
    const { code, stdout } = await explain(asked('user^bob'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Denied: [^]*No rule allows it\.[^]*\nrole\^author +lib\^lib:X:1 +- +p, role\^author/);
    expect(stdout).toMatch(/There are no roles there\.\n$/);
  });

  it('answers in JSON as the API does', async () => {
    const { stdout } = await explain([...asked('user^ann'), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      allowed: true,
      chain: [{ roleDisplay: 'author', record: { reason: 'new\nhere' } }],
    });
  });

  it('goes by the moment, the model and the scope matching that it is given', async () => {
    const asOf = (await app.records())[0]?.recordedAt ?? '';
    const then = await explain([...asked('user^ann'), '--as-of', asOf]);
    expect(then.stdout).toContain(`at ${asOf}: user^ann`);
    const exact = await explain([...asked('user^ann'), '--scope-matching', 'exact', '--json']);
    expect(JSON.parse(exact.stdout)).toMatchObject({ allowed: false });
  });

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['no subject', ['explain', '--action', 'a', '--scope', 's'], {}, /--subject/],
    ['no model', asked('user^ann'), { CASBIN_MODEL: '' }, /CASBIN_MODEL/],
    ['a folder as model', [...asked('user^ann'), '--model', '/tmp'], {}, /--model: \/tmp cannot be read/],
    [
      'a file that is no model',
      [...asked('user^ann'), '--model', __filename],
      {},
      /--model: \/.* is not a Casbin model/,
    ],
    ['a file that is no model', asked('user^ann'), { CASBIN_MODEL: __filename }, /CASBIN_MODEL: \/.* is not a Casbin/],
    ['a moment before the log began', [...asked('user^ann'), '--as-of', '2001-01-01'], {}, /--as-of/],
    ['a moment that is none', [...asked('user^ann'), '--as-of', 'soon'], {}, /--as-of/],
  ])('ends with a usage error for %s', async (_what, args, env, problem) => {
    const { code, stdout, stderr } = await explain(args, env);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(problem);
  });

  it('ends with a usage error for a model that cannot be read', async () => {
    const { code, stderr } = await explain(asked('user^ann'), { CASBIN_MODEL: '/nowhere.conf' });
    expect([code, stderr]).toEqual([2, expect.stringContaining('/nowhere.conf')]);
  });
});
