import request from 'supertest';
import { LetsPass } from './support/http';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';

/** What a form of a page elsewhere sends, along with the viewer's cookies: Express makes an object of it. */
const form = 'assignments[0][subject]=user^mallory&assignments[0][role]=role^admin&assignments[0][scope]=*';

describe('a page from elsewhere, in the browser of somebody who is signed in by a cookie', () => {
  let database: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url, grantlog: { http: { guards: [LetsPass] } } });
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });
  const post = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    request(app.nest.getHttpServer()).post(`/authz/${path}`).set(headers);

  it.each(['role-assignments', 'role-assignments/remove'])('changes nothing by a form sent to %s', async (path) => {
    const { status, body } = await post(path, { 'content-type': 'application/x-www-form-urlencoded' }).send(form);
    expect({ status, message: body.message }).toEqual({
      status: 415,
      message: expect.stringContaining('application/json'),
    });
    expect(await app.assignments.find({ subject: 'user^mallory' })).toEqual([]);
  });

  it.each(['text/plain', 'multipart/form-data; boundary=x', 'application/jsonish'])('nor by %s', async (type) => {
    const sent = post('role-assignments', { 'content-type': type });
    expect((await sent.send('{"assignments":[]}')).status).toBe(415);
  });

  it.each(['cross-site', 'same-site'])('has no parked record delivered by a call without a body (%s)', async (site) => {
    expect((await post('parked/1/retry', { 'sec-fetch-site': site })).status).toBe(403);
  });

  it('that asks the browser first, as JSON does, is the host to allow; and programs send what they sent', async () => {
    const assignment = { subject: 'user^42', role: 'role^reader', scope: 'lib^lib:A:1' };
    const allowed = post('role-assignments', {
      'sec-fetch-site': 'same-site',
      'content-type': 'application/json; charset=utf-8',
    });
    expect((await allowed.send(JSON.stringify({ assignments: [assignment] }))).status).toBe(200);
    expect((await post('parked/1/retry')).status).toBe(404);
    expect((await post('parked/1/retry', { 'sec-fetch-site': 'same-origin' })).status).toBe(404);
  });
});
