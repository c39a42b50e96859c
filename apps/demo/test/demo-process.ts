import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');
const entry = join(root, 'dist', 'demo', 'apps', 'demo', 'src', 'main.js');

export interface Answer {
  readonly status: number;
  // What an endpoint answers is whatever it answers: the assertions say what it must be.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
  readonly body: any;
}

/** The demo as a process of its own. It was built before the first test (test/support/set-up.ts). */
export class DemoProcess {
  private output = '';
  private errors = '';
  private token = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly exited: Promise<number | null>,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
  }

  /** Starts the demo and waits until it says that it is ready, or has ended. */
  static async start(environment: NodeJS.ProcessEnv): Promise<DemoProcess> {
    const { DATABASE_URL: _, ...inherited } = process.env;
    const options = { env: { ...inherited, PORT: '0', ...environment }, cwd: root };
    return DemoProcess.of(spawn(process.execPath, [entry], options));
  }

  /** Starts it as the README says, without compiling again. */
  static async npmStart(environment: NodeJS.ProcessEnv): Promise<DemoProcess> {
    const { DATABASE_URL: _, ...inherited } = process.env;
    const options = { env: { ...inherited, PORT: '0', ...environment }, cwd: root };
    return DemoProcess.of(spawn('npm', ['start', '--ignore-scripts'], options));
  }

  private static async of(child: ChildProcess): Promise<DemoProcess> {
    const exited = once(child, 'exit').then(([code]) => code as number | null);
    const demo = new DemoProcess(child, exited);
    await Promise.race([exited, demo.says('Ctrl-C stops it.')]);
    return demo;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get url(): string {
    return /Grantlog demo: (\S+)/.exec(this.output)?.[1] ?? '';
  }

  /** What it complained about. */
  get complaint(): string {
    return this.errors.trim();
  }

  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }

  async signIn(user: string): Promise<Answer> {
    const answer = await this.call('POST', '/session', { user });
    this.token = (answer.body as { token?: string }).token ?? '';
    return answer;
  }

  /** Goes on as whoever signed in on another node. */
  takeSessionOf(other: DemoProcess): void {
    this.token = other.token;
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.call('POST', path, body);
  }

  private async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        connection: 'close',
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as unknown };
  }

  private says(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.child.stdout?.on('data', () => this.output.includes(text) && resolve());
    });
  }
}
