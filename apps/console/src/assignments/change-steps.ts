import { useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/api';
import { asError } from '../api/loaded';
import { type Change, cleaned, keep } from './change';
import { inForce, isUnknown, made, type Result } from './making';

/** How far a change has come. */
export type Step =
  | { readonly at: 'draft' }
  /** `there` says of each assignment whether it is in force already. */
  | { readonly at: 'review'; readonly there: readonly boolean[] }
  | { readonly at: 'made'; readonly results: readonly Result[] }
  | { readonly at: 'unknown' };

export interface Steps {
  readonly step: Step;
  readonly change: Change;
  readonly edit: (change: Change) => void;
  /** Why the last step was not taken. */
  readonly error: Error | undefined;
  /** Whether the server is being asked. */
  readonly busy: boolean;
  readonly review: () => void;
  readonly make: () => void;
  readonly back: () => void;
}

/** Draft, review, made: each step is taken when the server has said so, and none twice. */
export function useSteps(start: Change): Steps {
  const [change, setChange] = useState(start);
  const [step, setStep] = useState<Step>({ at: 'draft' });
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const asking = useRef(false);
  const take = async (next: () => Promise<Step>, otherwise: (reason: unknown) => Step): Promise<void> => {
    if (asking.current) return; // the second press of an impatient hand comes before the button is drawn anew
    asking.current = true;
    setBusy(true);
    setError(undefined);
    await next().then(setStep, (reason: unknown) => {
      setStep(otherwise(reason));
      setError(asError(reason));
      if (reason instanceof ApiError && reason.status === 401) keep(change);
    });
    asking.current = false;
    setBusy(false);
  };
  const review = async (): Promise<Step> => {
    const clean = cleaned(change);
    setChange(clean);
    return { at: 'review', there: await inForce(clean.assignments) };
  };
  const draft: Step = { at: 'draft' };
  return {
    step,
    change,
    edit: setChange,
    error,
    busy,
    review: () => void take(review, () => draft),
    make: () =>
      void take(
        async () => ({ at: 'made', results: await made(change) }),
        (reason) => (isUnknown(reason) ? { at: 'unknown' } : draft),
      ),
    back: () => setStep(draft),
  };
}
