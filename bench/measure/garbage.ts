import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose_gc');
const gc = runInNewContext('gc') as () => void;

/** A full collection: what one side leaves behind is not collected in the other one's time. */
export function collectGarbage(): void {
  gc();
}
