import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Answer, Order } from './measured-process';

/** A node of the app in another process, whose heap can be measured. */
export class MeasuredApp {
  private readonly ended: Promise<never>;

  private constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit').then(() => Promise.reject(new Error('The app ended before it answered.')));
    this.ended.catch(() => undefined); // killed, as a rule
  }

  static async start(url: string): Promise<MeasuredApp> {
    const execArgv = ['--expose-gc', '-r', join(__dirname, 'typescript.cjs')];
    const app = new MeasuredApp(fork(join(__dirname, 'measured-process.ts'), [url], { execArgv }));
    await app.answer();
    return app;
  }

  async tell(order: Order): Promise<Answer> {
    this.child.send(order);
    return this.answer();
  }

  async heap(): Promise<number> {
    return (await this.tell({ verb: 'measure' })).heap ?? NaN;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  private async answer(): Promise<Answer> {
    const [answer] = (await Promise.race([once(this.child, 'message'), this.ended])) as [Answer];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
