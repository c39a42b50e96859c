import 'reflect-metadata';
import { collectGarbage } from '../measure/garbage';
import { LoopWatch } from '../measure/loop-watch';
import { type Crowd, crowdMember } from '../sides/assignments';
import { Ours } from '../sides/ours';
import { PlainCasbin } from '../sides/plain-casbin';
import { ask, questionsAbout } from '../sides/questions';
import type { RoleSide } from '../sides/role-side';
import type { Load, LoadOrder } from './load';

/** Spread evenly over the table. */
const asked = 1_000;

/** The entry of a process that loads once: it is given its order, answers its figures, and ends. */
process.once('message', (order: LoadOrder) => {
  measure(order).then(
    (load) => process.send?.(load, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});

/** Nobody waits for the figures any more. */
process.once('disconnect', () => process.exit());

async function measure({ side, url, known }: LoadOrder): Promise<Load> {
  const { opened, ...figures } = await timedOpening(side, url);
  await mustKnow(opened, known);
  const heapMb = heldMb();
  await opened.close();
  return { ...figures, heapMb };
}

async function timedOpening(
  side: LoadOrder['side'],
  url: string,
): Promise<Omit<Load, 'heapMb'> & { readonly opened: RoleSide }> {
  const open = (): Promise<RoleSide> => (side === 'ours' ? Ours.open(url) : PlainCasbin.open(url));
  const watch = new LoopWatch();
  await watch.start();
  const start = performance.now();
  const opened = await open();
  const seconds = (performance.now() - start) / 1000;
  return { opened, seconds, blockedMs: await watch.stop() };
}

/** A load that left something out would be measured as a fast one. */
async function mustKnow(side: RoleSide, known: Crowd): Promise<void> {
  const step = known.rules / asked;
  const members = Array.from({ length: asked }, (_, n) => crowdMember(known, Math.floor(n * step)));
  await ask(side, questionsAbout(members, asked, true));
}

function heldMb(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
