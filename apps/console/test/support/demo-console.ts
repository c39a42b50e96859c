import type { Page } from 'playwright-core';
import { DemoProcess } from '../../../demo/test/demo-process';
import { createDatabase, type TestDatabase } from '../../../../test/support/database';
import { until } from '../../../../test/support/until';
import type { RecordItem } from '../../src/api/answers';
import type { Look, Visits } from './in-browser';

const tokenKey = 'grantlog-demo-token';

export interface Assignment {
  readonly subject: string;
  readonly role: string;
  readonly scope: string;
}

/** The console of the real demo, on a database of its own. */
export class DemoConsole {
  private constructor(
    private readonly visits: Visits,
    private readonly database: TestDatabase,
    private process: DemoProcess,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  static async start(visits: Visits, settings: NodeJS.ProcessEnv = {}): Promise<DemoConsole> {
    const database = await createDatabase();
    const environment = { ...settings, DATABASE_URL: database.url };
    return new DemoConsole(visits, database, await running(environment), environment);
  }

  get demo(): DemoProcess {
    return this.process;
  }

  /** Kills the server. @returns what starts it again, at the same address */
  async dies(): Promise<() => Promise<void>> {
    const { port } = new URL(this.demo.url);
    await this.demo.kill('SIGKILL');
    return async () => {
      this.process = await running({ ...this.environment, PORT: port });
    };
  }

  async stop(): Promise<void> {
    await this.demo.kill('SIGTERM');
    await this.database.drop();
  }

  /** What the address of a view begins with. */
  get address(): string {
    return `${this.demo.url}/authz/console/`;
  }

  /** Somebody who has signed in looks at a part of the console, such as `#/records?actor=…`. */
  async visit(user: string, hash = '', look: Look = {}): Promise<Page> {
    const token = await this.tokenOf(user);
    return this.visits.open(`${this.address}${hash}`, { ...look, stored: { [tokenKey]: token } });
  }

  async tokenOf(user: string): Promise<string> {
    const answer = await this.demo.signIn(user);
    if (answer.status !== 200) throw new Error(`${user} cannot sign in: ${JSON.stringify(answer.body)}`);
    return (answer.body as { token: string }).token;
  }

  /** Assigns, as somebody who may, until it is in the log. */
  async assign(assignments: readonly Assignment[], reason?: string, user = 'admin'): Promise<void> {
    await this.change('', assignments, reason, user);
  }

  async remove(assignments: readonly Assignment[], reason?: string, user = 'admin'): Promise<void> {
    await this.change('/remove', assignments, reason, user);
  }

  /** What the log holds, newest first, as the admin sees it. */
  async records(query: string): Promise<RecordItem[]> {
    await this.tokenOf('admin');
    const answer = await this.demo.get(`/authz/audit-records?limit=200&${query}`);
    return (answer.body as { items: RecordItem[] }).items;
  }

  private async change(path: string, assignments: readonly Assignment[], reason: string | undefined, user: string) {
    await this.tokenOf(user);
    const answer = await this.demo.post(`/authz/role-assignments${path}`, { assignments, reason });
    if (answer.status !== 200) throw new Error(`It was refused: ${JSON.stringify(answer.body)}`);
    await this.recorded();
  }

  private async recorded(): Promise<void> {
    await until(
      () => this.demo.get('/authz/health'),
      ({ body }) => (body as { outbox: { depth: number } }).outbox.depth === 0,
    );
  }
}

async function running(environment: NodeJS.ProcessEnv): Promise<DemoProcess> {
  const demo = await DemoProcess.start(environment);
  if (!demo.url) throw new Error(`The demo did not start: ${demo.complaint}`);
  return demo;
}
