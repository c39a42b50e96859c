/**
 * One node of the app in a process of its own, so that its heap is its own: it does what it is told by messages, and answers
 * each. `node --expose-gc -r typescript.cjs measured-process.ts <url>`
 */
import { startApp, type TestApp } from './app';
import { reader } from './facts';

export type Order =
  /** Assigns and removes, which leaves as many rules as before: by so many single calls at once, or in one call each. */
  | { readonly verb: 'churn'; readonly events: number; readonly by: 'calls' | 'batches' }
  | { readonly verb: 'revoke'; readonly name: string }
  /** @see Answer.heap */
  | { readonly verb: 'measure' }
  | { readonly verb: 'report' };

export interface Answer {
  /** Bytes that are in use after collecting garbage. */
  readonly heap?: number;
  readonly status?: string;
  readonly problems?: readonly string[];
  readonly error?: string;
}

const atOnce = 50;
const inBatch = 500;
const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

async function churn({ assignments }: TestApp, events: number, by: 'calls' | 'batches'): Promise<void> {
  if (by === 'batches') {
    const batch = times(inBatch).map((n) => reader(`batch-${n}`));
    for (let done = 0; done < events; done += 2 * inBatch) {
      await assignments.assign(batch);
      await assignments.remove(batch);
    }
    return;
  }
  await Promise.all(
    times(atOnce).map(async (caller) => {
      for (let done = 0; done < events / atOnce; done += 2) {
        await assignments.assign(reader(`caller-${caller}`));
        await assignments.remove(reader(`caller-${caller}`));
      }
    }),
  );
}

async function obey(app: TestApp, order: Order): Promise<Answer> {
  switch (order.verb) {
    case 'churn':
      await churn(app, order.events, order.by);
      return {};
    case 'revoke':
      await app.assignments.remove(reader(order.name));
      return {};
    case 'measure':
      for (let round = 0; round < 3; round += 1) {
        await new Promise(setImmediate);
        global.gc?.();
      }
      return { heap: process.memoryUsage().heapUsed };
    case 'report': {
      const { status, problems } = await app.health.report();
      return { status, problems };
    }
  }
}

const say = (answer: Answer): void => void process.send?.(answer);

startApp({ url: process.argv[2] ?? '', grantlog: { listeners: false } })
  .then((app) => {
    process.on('message', (order: Order) => {
      obey(app, order).then(say, (error: unknown) => say({ error: String(error) }));
    });
    say({});
  })
  .catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
process.on('disconnect', () => process.exit(1)); // the test has ended without killing it
