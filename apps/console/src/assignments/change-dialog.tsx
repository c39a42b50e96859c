import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../api/api';
import { Drawer } from '../parts/drawer';
import { Failed } from '../parts/states';
import type { Change } from './change';
import { ChangeDraft, isInDraft } from './change-draft';
import { ChangeMade, ChangeReview } from './change-review';
import { type Steps, useSteps } from './change-steps';

interface ChangeDialogProps {
  readonly start: Change;
  /** @param done whether something may have been sent, so that the list may have changed */
  readonly onClose: (done: boolean) => void;
}

const titles = { assign: 'Assign', remove: 'Remove' } as const;

/** Says what to change and why, shows what it would do, does it, and tells what became of it. */
export function ChangeDialog({ start, onClose }: ChangeDialogProps) {
  const steps = useSteps(start);
  const { at } = steps.step;
  const top = useRef<HTMLDivElement>(null);
  const shown = useRef(at);
  useEffect(() => {
    if (shown.current !== at) top.current?.focus();
    shown.current = at;
  }, [at]);
  return (
    <Drawer centred firm title={titles[start.verb]} onClose={() => onClose(at !== 'draft')}>
      <div ref={top} tabIndex={-1} class="change">
        <Faults steps={steps} />
        {at === 'draft' && <ChangeDraft steps={steps} />}
        {at === 'review' && <ChangeReview steps={steps} />}
        {at === 'made' && <ChangeMade steps={steps} onClose={() => onClose(true)} />}
        {at === 'unknown' && <Unknown steps={steps} />}
      </div>
    </Drawer>
  );
}

function Faults({ steps: { error, change, step } }: { steps: Steps }) {
  if (!error || step.at === 'unknown' || isInDraft(error, change)) return null;
  if (error instanceof ApiError && error.status === 403) {
    return (
      <p class="wrong" role="alert">
        You may not do this: {error.message}
      </p>
    );
  }
  return <Failed error={error} />;
}

function Unknown({ steps: { review, busy, error } }: { steps: Steps }) {
  return (
    <div role="alert">
      <h3>Nobody knows whether this was done</h3>
      <p>{error?.message}</p>
      <p>Look before you repeat it: what was done is shown as no change then.</p>
      <button type="button" class="primary" aria-disabled={busy} onClick={review}>
        {busy ? 'Looking …' : 'Look'}
      </button>
    </div>
  );
}
