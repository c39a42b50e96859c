import type { ComponentChildren } from 'preact';
import type { HealthReport } from '../api/answers';
import { Plain } from '../parts/plain';
import { Time } from '../parts/time';

const off = 'not switched on';
const unknown = 'cannot be read';

/** How far changes have come, stage by stage. */
export function Stages({ report }: { report: HealthReport }) {
  const { outbox, recording, memory, attempts, decisions, closedThrough } = report;
  return (
    <dl class="stages">
      <Stage name="Outbox">
        {outbox.depth === null ? unknown : `${outbox.depth} waiting to be recorded`}
        {outbox.oldestAgeSeconds !== null && `, the oldest for ${Math.round(outbox.oldestAgeSeconds)} s`}
      </Stage>
      <Stage name="Recording" error={recording.lastError}>
        {recording.failures === 0 ? 'works' : `failed ${recording.failures} times in a row`}
      </Stage>
      <Stage name="Complete up to">{closedThrough === null ? unknown : <Time at={closedThrough} />}</Stage>
      <Stage name="Memory of a node" error={memory.lastError}>
        {memory.behindMs} ms behind the database
      </Stage>
      <Stage name="Attempts" error={attempts?.lastError}>
        {attempts ? `${attempts.waiting} waiting, ${attempts.dropped} without a record` : off}
      </Stage>
      <Stage name="Decisions" error={decisions?.lastError}>
        {decisions ? `${decisions.taken} told, ${decisions.dropped} dropped, ${decisions.failed} not taken` : off}
      </Stage>
    </dl>
  );
}

interface StageProps {
  readonly name: string;
  readonly error?: string | null;
  readonly children: ComponentChildren;
}

function Stage({ name, error, children }: StageProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {error && (
          <p class="wrong">
            Last error: <Plain text={error} />
          </p>
        )}
      </dd>
    </div>
  );
}
