import { Grant } from '../parts/grant';
import { Plain } from '../parts/plain';
import { hrefOf } from '../route';
import type { Steps } from './change-steps';

export const verbs = { assign: 'gets', remove: 'loses' } as const;
const doubts = { assign: 'no change: has it already', remove: 'no change: does not have it' } as const;
const asked = { assign: 'Assign', remove: 'Remove' } as const;

/** What would change, for the last look. */
export function ChangeReview({ steps }: { steps: Steps }) {
  const { step, change, busy, make, back } = steps;
  if (step.at !== 'review') return null;
  const { verb, assignments, reason } = change;
  const changes = step.there.filter((there) => there === (verb === 'remove')).length;
  return (
    <>
      <h3>{changes === 0 ? 'Nothing would change' : 'This is what changes'}</h3>
      <ul>
        {assignments.map((assignment, index) => (
          <li key={index}>
            <Grant {...assignment} verb={verbs[verb]} />{' '}
            {step.there[index] !== (verb === 'remove') && <span class="mark warn">{doubts[verb]}</span>}
          </li>
        ))}
      </ul>
      <p>
        because{' '}
        <q>
          <Plain text={reason} />
        </q>
      </p>
      <p class="ways">
        {changes > 0 && (
          <button type="button" class="primary" aria-disabled={busy} onClick={make}>
            {busy ? 'Sending …' : `${asked[verb]} ${changes} ${changes === 1 ? 'role' : 'roles'}`}
          </button>
        )}
        <button type="button" aria-disabled={busy} onClick={() => !busy && back()}>
          Back
        </button>
      </p>
    </>
  );
}

/** What became of it. */
export function ChangeMade({ steps: { step, change }, onClose }: { steps: Steps; onClose: () => void }) {
  if (step.at !== 'made') return null;
  return (
    <>
      <h3>{step.results.some(({ changed }) => changed) ? 'Done' : 'Nothing has changed'}</h3>
      <ul>
        {step.results.map(({ changed, ...assignment }, index) => (
          <li key={index}>
            <Grant {...assignment} verb={verbs[change.verb]} />{' '}
            {changed ? <span class="mark good">changed</span> : <span class="mark warn">{doubts[change.verb]}</span>}{' '}
            <a href={hrefOf('records', { ...assignment })}>Records</a>
          </li>
        ))}
      </ul>
      <button type="button" class="primary" onClick={onClose}>
        Close
      </button>
    </>
  );
}
