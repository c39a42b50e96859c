import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Load, LoadOrder } from './load';

const entry = join(__dirname, 'one-load.js');

/**
 * Loads in a process of its own. In this one, whatever earlier scenarios have left would count as memory, would be collected in the
 * load's time, and would have compiled its code, which at a real start nobody has.
 */
export async function loadInChild(order: LoadOrder): Promise<Load> {
  const child = fork(entry, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let load: Load | undefined;
  child.on('message', (message) => {
    load = message as Load;
  });
  child.send(order);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (!load) throw new Error(`the process that was to load ended without figures (${signal ?? code})`);
  return load;
}
