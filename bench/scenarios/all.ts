import { adopting } from './adopting';
import { againstHandwritten } from './against-handwritten';
import { batchChanges } from './batches';
import { commitToNode } from './commit-to-node';
import { commitToRecord } from './commit-to-record';
import { crowdedChanges } from './crowded-changes';
import { crowdedEnforcing } from './crowded-enforcing';
import { draining } from './draining';
import { enforcing } from './enforcing';
import { loading } from './loading';
import { memoryGrowth } from './memory';
import type { Scenario } from './scenario';
import { singleChanges } from './single-changes';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  singleChanges,
  crowdedChanges,
  againstHandwritten,
  batchChanges,
  commitToRecord,
  commitToNode,
  draining,
  enforcing,
  ...crowdedEnforcing,
  ...loading,
  adopting,
  memoryGrowth,
];
