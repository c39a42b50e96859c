import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { letReadersRead, reader } from './support/facts';
import { HttpCaller, LetsPass } from './support/http';

let cluster: Cluster;
let app: TestApp;
let caller: HttpCaller;
beforeEach(async () => {
  cluster = await Cluster.create();
  app = await cluster.start({ grantlog: { http: { guards: [LetsPass] }, listeners: false } });
  caller = await HttpCaller.of(app);
  await letReadersRead(app);
  await app.assignments.assign(reader('ann', 'lib^1'), { reason: 'asked for it' });
  await app.relay.drained();
});
afterEach(() => cluster.end());

describe('GET /authz/explain', () => {
  it('answers with the rule and the links, their keys and their records as everywhere', async () => {
    const { status, body } = await caller.get('/authz/explain?subject=user^ann&action=act^read&scope=lib^1');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      allowed: true,
      decidedBy: 'rule',
      rule: {
        hidden: false,
        ptype: 'p',
        values: ['role^reader', 'act^read', '*'],
        record: { subjectDisplay: 'reader' },
      },
      chain: [
        {
          hidden: false,
          ptype: 'g',
          subject: 'user^ann',
          role: 'role^reader',
          scope: 'lib^1',
          subjectDisplay: 'ann',
          roleDisplay: 'reader',
          scopeDisplay: '1',
          rule: ['user^ann', 'role^reader', 'lib^1'],
          record: { reason: 'asked for it', scopeDisplay: '1', details: { ptype: 'g' } },
          unrecorded: null,
        },
      ],
      nearest: null,
    });
    expect(Object.keys(body)).not.toContain('asOf');
  });

  it('answers for a moment in the past', async () => {
    const asOf = (await app.records()).at(-1)?.recordedAt ?? '';
    await app.assignments.removeAll({ subject: 'user^ann' });
    const path = '/authz/explain?subject=user^ann&action=act^read&scope=lib^1';
    await app.relay.drained();
    expect((await caller.get(path)).body).toMatchObject({ allowed: false, rule: null });
    expect((await caller.get(`${path}&asOf=${asOf}`)).body).toMatchObject({ allowed: true, asOf });
  });

  it.each([
    ['subject=user^a&action=act^read', 'scope'],
    ['subject=user^a&scope=*', 'action'],
    ['subject=&action=act^read&scope=*', 'subject'],
    ['subject=user^a&subject=user^b&action=act^read&scope=*', 'subject'],
    ['subject=user^a%00&action=act^read&scope=*', 'subject'],
    ['subject=user^a&action=act^read&scope=*&depth=2', 'depth'],
    ['subject=user^a&action=act^read&scope=*&asOf=yesterday', 'asOf'],
    ['subject=user^a&action=act^read&scope=*&asOf=2001-01-01', 'asOf'],
    ['subject=user^a&action=act^read&scope=*&asOf=2999-01-01', 'asOf'],
    [`subject=user^${'a'.repeat(300)}&action=act^read&scope=*`, 'subject'],
  ])('refuses %.60s by its field', async (query, field) => {
    expect(await caller.get(`/authz/explain?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT', field },
    });
  });

  it('is described', () => {
    const described = SwaggerModule.createDocument(app.nest, new DocumentBuilder().build());
    const { parameters, responses } = described.paths['/authz/explain']?.get ?? {};
    expect(parameters?.map((one) => ('name' in one ? one.name : ''))).toEqual(['subject', 'action', 'scope', 'asOf']);
    expect(responses?.['200']).toHaveProperty(['content', 'application/json', 'schema']);
    expect(Object.keys(responses ?? {})).toEqual(expect.arrayContaining(['200', '400', '401', '403', '404']));
  });
});
