import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { VisibleScopes } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { appendDated } from './support/dated-records';
import { type Answer, HttpCaller } from './support/http';

/** Believes whoever says who they are. */
@Injectable()
class Believes implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user: unknown }>();
    request.user = { id: request.headers['x-user'] };
    return true;
  }
}

const visible: Record<string, VisibleScopes> = { 'user^all': 'all', 'user^lib': { namespaces: ['lib'] } };

describe('a histogram over HTTP', () => {
  let cluster: Cluster;
  let app: TestApp;
  let caller: HttpCaller;
  beforeAll(async () => {
    cluster = await Cluster.create();
    const grantlog = {
      http: { guards: [Believes] },
      listeners: false,
      recordReads: true,
      visibleScopes: (viewer: string | null): VisibleScopes => visible[viewer ?? ''] ?? {},
    } as const;
    app = await cluster.start({ grantlog });
    caller = await HttpCaller.of(app);
    await appendDated(app.dataSource, [
      { at: '2026-03-28T22:30:00Z', scope: 'lib^a' },
      { at: '2026-03-28T23:30:00Z', scope: 'org^a' },
      { at: '2026-03-29T21:59:59.999Z', scope: 'lib^b' },
    ]);
  });
  afterAll(() => cluster.end());

  const path = '/authz/audit-records/histogram';
  const window = 'from=2026-03-28T12:00:00Z&to=2026-03-30T12:00:00Z';
  const get = (query: string, user = 'all'): Promise<Answer> => caller.with({ 'x-user': user }).get(`${path}?${query}`);
  const item = (from: string, to: string, count: number | null) => ({
    from: `2026-03-${from}:00:00.000000Z`,
    to: `2026-03-${to}:00:00.000000Z`,
    count,
  });

  it('has the days of the zone, cut where the window cuts them, with what the viewer may see', async () => {
    const query = `by=day&timeZone=Europe%2FBerlin&${window}`;
    const days = (...[one = 0, two = 0]: number[]) => [
      item('28T12', '28T23', one),
      item('28T23', '29T22', two),
      item('29T22', '30T12', 0),
    ];
    const closedThrough = expect.any(String);
    const told = { by: 'day', timeZone: 'Europe/Berlin', countedFrom: null, closedThrough };
    expect(await get(query)).toStrictEqual({ status: 200, body: { ...told, items: days(1, 2) } });
    expect((await get(query, 'lib')).body.items).toEqual(days(1, 1));
    expect((await get(`${query}&scope=org%5Ea`, 'lib')).body.items).toEqual(days(0, 0));
    expect((await get(query, 'nobody')).body.items).toEqual(days(0, 0));
  });

  it.each([
    ['limit=5', 'limit'],
    ['cursor=x', 'cursor'],
    ['unit=day', 'unit'],
    ['by=week', 'by'],
    ['by=hour&from=2020-01-01', 'by'],
    ['timeZone=Mars%2FBase', 'timeZone'],
    ['from=yesterday', 'from'],
    ['subject=nobody', 'subject'],
  ])('refuses %s, and names %s', async (query, field) => {
    expect(await get(query)).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT', field } });
  });

  it('is a reading of the records that it counts: recorded once with the list of them, and not if it is refused', async () => {
    const reads = async (): Promise<unknown[]> =>
      (await app.records()).filter(({ type, actor }) => type === 'audit.read' && actor === 'user^once');
    await get('actor=user%5E9&by=day&timeZone=Asia%2FTokyo', 'once');
    await get('actor=user%5E9&by=month', 'once');
    await get('actor=user%5E9&by=minute', 'once');
    await caller.with({ 'x-user': 'once' }).get('/authz/audit-records?actor=user%5E9');
    expect(await reads()).toMatchObject([{ subject: 'audit^records', details: { query: { actor: 'user^9' } } }]);
  });
});
