import { foldOf } from './support/casbin-state';
import { Cluster } from './support/cluster';
import { ClusterNode } from './support/cluster-node';
import { letReadersRead, rulesIn } from './support/facts';
import { Stranger } from './support/stranger';
import { until } from './support/until';

describe('memory follows commits in four processes with sixteen writers', () => {
  let cluster: Cluster;
  let stranger: Stranger;
  const nodes: ClusterNode[] = [];
  beforeAll(async () => {
    cluster = await Cluster.create();
    const first = await cluster.start();
    await letReadersRead(first);
    await cluster.close(first);
    stranger = await Stranger.connect(cluster.database.url);
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await stranger.end();
    await cluster.end();
  });

  const start = async (seed: number): Promise<ClusterNode> => {
    const node = await ClusterNode.start(cluster.database.url, {});
    nodes.push(node);
    node.ask(`contend ${seed} ${changes}`);
    return node;
  };
  const changes = 60;
  const progressOf = (node: ClusterNode): number => node.said.filter((line) => line === 'changed').length;
  const reached = (node: ClusterNode, count: number): Promise<void> =>
    until(
      () => progressOf(node),
      (progress) => progress >= count,
      60_000,
    ).then(() => undefined);

  it('at rest every memory equals the table, after kills and a freeze, and nobody was granted what was never committed', async () => {
    const [one, two, three, four] = await Promise.all([1, 2, 3, 4].map(start));
    if (!one || !two || !three || !four) throw new Error('four nodes were to start');
    await reached(one, 40);
    await one.kill();
    const five = await start(5);
    await reached(two, 80);
    await two.freeze();
    const ended = await stranger.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`,
      [two.name],
    );
    expect(ended.length).toBeGreaterThan(1);
    await reached(three, 120);
    await three.kill();
    const six = await start(6);
    await six.says('done contend');
    two.thaw();
    const living = [two, four, five, six];
    await Promise.all(living.map((node) => node.says('done contend')));
    const memories = await Promise.all(living.map((node) => node.memory()));
    const observer = await cluster.start();
    const table = (await rulesIn(observer.dataSource)).map((rule) => rule.join()).sort();
    for (const memory of memories) expect(memory).toEqual(table);
    const records = await observer.records();
    expect(
      foldOf(records)
        .map((rule) => rule.join())
        .sort(),
    ).toEqual(table);
    expect(records.length).toBeGreaterThan(200);
  }, 120_000);
});
