import { startApp, type TestApp, type TestAppOptions } from './app';
import { createDatabase, type TestDatabase } from './database';

/** A database of its own, and the nodes that were started on it. */
export class Cluster {
  private readonly nodes = new Set<TestApp>();

  private constructor(readonly database: TestDatabase) {}

  static async create(): Promise<Cluster> {
    return new Cluster(await createDatabase());
  }

  async start(options: Omit<TestAppOptions, 'url'> & { url?: string } = {}): Promise<TestApp> {
    const node = await startApp({ url: this.database.url, ...options });
    this.nodes.add(node);
    return node;
  }

  async close(node: TestApp): Promise<void> {
    this.nodes.delete(node);
    await node.close();
  }

  /** Closes what runs and drops the database. */
  async end(): Promise<void> {
    await Promise.all([...this.nodes].map((node) => this.close(node)));
    await this.database.drop();
  }
}
