import { Controller, Injectable, Module, Post } from '@nestjs/common';
import { RoleAssignments } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';

const assignment = (subject: string) => ({ subject, role: 'role^reader', scope: 'lib^lib:Org1:math' });

@Injectable()
@Controller()
class HostController {
  constructor(private readonly roles: RoleAssignments) {}

  @Post('inside')
  inside() {
    return this.roles.assign(assignment('user^inside'));
  }

  @Post('outside')
  outside() {
    return this.roles.assign(assignment('user^outside'));
  }
}

@Module({ controllers: [HostController] })
class HostModule {}

describe('the context of a request', () => {
  let database: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await createDatabase();
    app = await startApp({
      url: database.url,
      imports: [HostModule],
      configure: (nest) => nest.setGlobalPrefix('api', { exclude: ['outside'] }),
    });
    await app.nest.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it.each([
    ['inside', '/api/inside'],
    ['outside', '/outside'],
  ])("is there %s the host's global prefix", async (name, path) => {
    const headers = { 'x-request-id': `request-${name}`, 'user-agent': 'a test' };
    const answer = await fetch(`${await app.nest.getUrl()}${path}`, { method: 'POST', headers });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-request-id')).toBe(`request-${name}`);
    const [record] = (await app.records()).filter(({ subject }) => subject === `user^${name}`);
    expect(record).toMatchObject({ requestId: `request-${name}`, sourceIp: '127.0.0.1', userAgent: 'a test' });
  });
});
