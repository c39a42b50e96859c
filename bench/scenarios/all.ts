import { againstHandwritten } from './against-handwritten';
import { batchChanges } from './batches';
import { commitToRecord } from './commit-to-record';
import { draining } from './draining';
import { enforcing } from './enforcing';
import { memoryGrowth } from './memory';
import type { Scenario } from './scenario';
import { singleChanges } from './single-changes';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  singleChanges,
  againstHandwritten,
  batchChanges,
  commitToRecord,
  draining,
  enforcing,
  memoryGrowth,
];
