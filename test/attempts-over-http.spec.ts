import { connect } from 'node:net';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  HttpException,
  Injectable,
} from '@nestjs/common';
import type { Response } from 'express';
import type { AuditRecord } from 'grantlog';
import type { TestApp } from './support/app';
import { attemptsOf, toldOf } from './support/attempts';
import { Cluster } from './support/cluster';
import { reader } from './support/facts';
import { HttpCaller } from './support/http';
import { until } from './support/until';

interface Request {
  readonly headers: Record<string, string | undefined>;
  user?: { id: string };
}

const requestOf = (context: ExecutionContext): Request => context.switchToHttp().getRequest<Request>();

/** Held by a test, until it lets guards go on. */
let held: Promise<void> = Promise.resolve();
let reached: () => void = () => undefined;

/** Signs in whom a header names, and does what another one says. */
@Injectable()
class ObedientGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = requestOf(context);
    const { 'x-user': user, 'x-verdict': verdict } = request.headers;
    if (user !== undefined) request.user = { id: user };
    reached();
    await held;
    if (verdict === 'forbid') throw new ForbiddenException('only on weekdays');
    if (verdict === 'slow down') throw new HttpException('later', 429);
    if (verdict === 'break') throw new TypeError('the guard is broken');
    return verdict !== 'no';
  }
}

const globalGuard: CanActivate = {
  canActivate: (context) => requestOf(context).headers['x-verdict'] !== 'globally no',
};

/** Answers in the host's words. */
@Catch(HttpException)
class HostFilter implements ExceptionFilter<HttpException> {
  catch(error: HttpException, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status(error.getStatus()).json({ ours: false, words: error.message });
  }
}

describe('an attempt over HTTP leaves a record', () => {
  let cluster: Cluster;
  let app: TestApp;
  let caller: HttpCaller;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({
      grantlog: { attempts: true, http: { guards: [ObedientGuard] } },
      configure: (nest) => nest.setGlobalPrefix('api').useGlobalGuards(globalGuard).useGlobalFilters(new HostFilter()),
    });
    caller = await HttpCaller.of(app, { 'x-user': '7', 'user-agent': 'a test' });
  });
  afterAll(() => cluster.end());

  const path = '/api/authz/role-assignments';
  const body = { assignments: [reader(1), reader(2)], reason: 'asked to' };

  async function left(work: () => Promise<unknown>): Promise<AuditRecord[]> {
    const before = (await attemptsOf(app)).length;
    await work();
    return (await attemptsOf(app)).slice(before);
  }

  it.each([
    ['answers no', 'no', 403, 'denied', 'HTTP_403'],
    ['throws', 'forbid', 403, 'denied', 'HTTP_403'],
    ['throws something else', 'slow down', 429, 'denied', 'HTTP_429'],
    ['breaks', 'break', 500, 'failed', 'HTTP_500'],
    ['is global and answers no', 'globally no', 403, 'denied', 'HTTP_403'],
  ])('when a guard %s', async (_, verdict, status, outcome, code) => {
    const headers = { 'x-verdict': verdict, 'x-request-id': `request-${status}` };
    const records = await left(async () => {
      expect((await caller.with(headers).post(path, body)).status).toBe(status);
      expect((await caller.with(headers).post(`${path}/remove`, body)).status).toBe(status);
    });
    expect(records.map(toldOf)).toEqual([
      [outcome, 'role_assignment.created', 'user^1,role^reader,*', code],
      [outcome, 'role_assignment.created', 'user^2,role^reader,*', code],
      [outcome, 'role_assignment.deleted', 'user^1,role^reader,*', code],
      [outcome, 'role_assignment.deleted', 'user^2,role^reader,*', code],
    ]);
    const actor = verdict === 'globally no' ? null : 'user^7'; // nobody had signed anybody in yet
    const circumstances = { actor, reason: 'asked to', requestId: `request-${status}`, userAgent: 'a test' };
    for (const record of records) expect(record).toMatchObject({ ...circumstances, sourceIp: '127.0.0.1' });
    expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(2);
    expect(await app.assignments.find({ role: 'role^reader' })).toEqual([]);
  });

  it.each([
    ['/AUTHZ/Role-Assignments/REMOVE', 'deleted'],
    ['/authz/role-assignments/Remove?x=1', 'deleted'],
    ['/authz/role-assignments/remove/?to=/role-assignments', 'deleted'],
    ['/AUTHZ/Role-Assignments?then=/remove', 'created'],
  ])('of what the route does, in whatever way its path was written: %s', async (written, operation) => {
    const records = await left(async () => {
      const { status } = await caller
        .with({ 'x-verdict': 'forbid' })
        .post(`/api${written}`, { assignments: reader(1) });
      expect(status).toBe(403);
      expect((await caller.post(`/api${written}`, { assignments: reader(1) })).status).toBe(400);
    });
    const type = `role_assignment.${operation}`;
    expect(records.map(toldOf)).toEqual([
      ['denied', type, 'user^1,role^reader,*', 'HTTP_403'],
      ['failed', type, 'user^1,role^reader,*', 'INVALID_INPUT'],
    ]);
  });

  it("while the refusal itself is answered as ever, by the host's own filters", async () => {
    const { body: answer } = await caller.with({ 'x-verdict': 'forbid' }).post(path, body);
    expect(answer).toEqual({ ours: false, words: 'only on weekdays' });
  });

  it('also when the caller has gone away before the answer', async () => {
    const records = await left(async () => {
      let letGo: () => void = () => undefined;
      held = new Promise((resolve) => (letGo = resolve));
      const inGuard = new Promise<void>((resolve) => (reached = resolve));
      const json = JSON.stringify(body);
      const { port, hostname } = new URL(caller.origin);
      const socket = connect(Number(port), hostname);
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: x\r\nx-user: 9\r\nx-verdict: no\r\ncontent-type: application/json\r\n` +
          `content-length: ${json.length}\r\n\r\n${json}`,
      );
      await inGuard;
      const connections = (): Promise<number> =>
        new Promise((resolve, reject) =>
          app.nest
            .getHttpServer()
            .getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count))),
        );
      const open = await connections();
      socket.destroy();
      await until(connections, (count) => count < open);
      letGo();
    });
    expect(records.map(({ outcome, actor }) => [outcome, actor])).toEqual([
      ['denied', 'user^9'],
      ['denied', 'user^9'],
    ]);
  });

  it.each<[string, string, unknown, string, string[]]>([
    [
      'a key without namespace',
      path,
      { assignments: [{ ...reader(1), subject: 'ann' }] },
      'assignments[0].subject',
      ['ann,role^reader,*'],
    ],
    [
      'a missing field',
      path,
      { assignments: [{ subject: 'user^1', scope: '*' }] },
      'assignments[0].role',
      ['user^1,,*'],
    ],
    ['no list', path, { assignments: 'all of them' }, 'assignments', [',,']],
    ['no body', path, undefined, 'assignments', [',,']],
    [
      'an unknown field',
      `${path}/remove`,
      { assignments: [reader(3)], force: true },
      'force',
      ['user^3,role^reader,*'],
    ],
    ['an unknown parameter', `${path}?dry=1`, { assignments: [reader(4)] }, 'dry', ['user^4,role^reader,*']],
  ])('when the request is refused for its form: %s', async (_, to, sent, field, rules) => {
    let answer: Record<string, unknown> = {};
    const records = await left(async () => {
      const { status, body: answered } = await (sent === undefined ? caller.send('POST', to) : caller.post(to, sent));
      expect(status).toBe(400);
      answer = answered;
    });
    expect(records.map(({ details }) => details.rule?.join())).toEqual(rules);
    expect(answer).toMatchObject({ statusCode: 400, code: 'INVALID_INPUT', field });
    for (const record of records) {
      expect(record).toMatchObject({ outcome: 'failed', actor: 'user^7', operationId: answer.operationId });
      expect(record.details.error).toEqual({ code: 'INVALID_INPUT', message: answer.message, field });
    }
  });

  it('once, and none for what succeeds, only reads, or is not about roles', async () => {
    const records = await left(async () => {
      expect((await caller.post(path, { assignments: [reader('web')] })).status).toBe(200);
      expect((await caller.post(path, { assignments: [reader('web')] })).status).toBe(200);
      expect((await caller.with({ 'x-verdict': 'no' }).get(path)).status).toBe(403);
      expect((await caller.with({ 'x-verdict': 'no' }).post('/api/authz/parked/1/retry', {})).status).toBe(403);
      expect((await caller.post('/api/authz/parked/none/retry', {})).status).toBeGreaterThanOrEqual(400);
    });
    expect(records).toEqual([]);
  });

  it('denied, when nobody is signed in and nobody may', async () => {
    const strict = await cluster.start({
      grantlog: { attempts: true, onMissingActor: 'reject', http: { guards: [ObedientGuard] } },
    });
    const before = (await attemptsOf(strict)).length;
    const { status, body: answer } = await (await HttpCaller.of(strict)).post('/authz/role-assignments', body);
    expect([status, answer.code]).toEqual([401, 'MISSING_ACTOR']);
    const records = (await attemptsOf(strict)).slice(before);
    expect(records.map(({ outcome, operationId }) => [outcome, operationId])).toEqual([
      ['denied', answer.operationId],
      ['denied', answer.operationId],
    ]);
    await cluster.close(strict);
  });

  it('that is found by its outcome and by the operation that the answer names', async () => {
    const { body: answer } = await caller.post(path, { assignments: [{ ...reader(5), scope: 'nowhere' }] });
    await caller.with({ 'x-verdict': 'no' }).post(path, { assignments: [reader(6)] });
    await attemptsOf(app);
    const find = async (query: string): Promise<AuditRecord[]> => {
      const { body: page } = await caller.get(`/api/authz/audit-records?${query}`);
      return page.items;
    };
    const denied = await find('outcome=denied&actor=user%5E7&limit=200');
    expect(denied[0]).toMatchObject({
      subject: 'user^6',
      subjectDisplay: '6',
      outcome: 'denied',
      type: 'role_assignment.created',
    });
    expect(new Set(denied.map(({ outcome }) => outcome))).toEqual(new Set(['denied']));
    const ofOperation = await find(`operationId=${answer.operationId}`);
    expect(ofOperation.map(({ outcome, scope }) => [outcome, scope])).toEqual([['failed', 'nowhere']]);
    expect((await find('outcome=success')).every(({ details }) => details.error === undefined)).toBe(true);
  });

  it('and health tells how attempts fare', async () => {
    const { body: health } = await caller.get('/api/authz/health');
    expect(health.attempts).toEqual({ waiting: 0, dropped: 0, lastError: null });
  });

  it('unless that was not asked for', async () => {
    const plain = await cluster.start({ grantlog: { http: { guards: [ObedientGuard] } } });
    const before = (await attemptsOf(app)).length;
    const other = await HttpCaller.of(plain);
    expect((await other.with({ 'x-verdict': 'no' }).post('/authz/role-assignments', body)).status).toBe(403);
    const { body: answer } = await other.post('/authz/role-assignments', {});
    expect(answer).not.toHaveProperty('operationId');
    expect((await other.get('/authz/health')).body.attempts).toBeNull();
    expect(await attemptsOf(app)).toHaveLength(before);
  });
});
