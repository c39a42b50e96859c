import type { Assignment } from '../api/answers';
import { wrongAt } from '../parts/draft';
import { Field, KeyField } from '../parts/fields';
import { Grant } from '../parts/grant';
import { type Change, columns, labels } from './change';
import { verbs } from './change-review';
import type { Steps } from './change-steps';

const fieldOf = (index: number, column: string): string => `assignments[${index}].${column}`;

/** Whether the draft shows an error at one of its fields. */
export function isInDraft(error: Error, { assignments }: Change): boolean {
  const fields = assignments.flatMap((_, index) => columns.map((column) => fieldOf(index, column)));
  return ['reason', ...fields].some((field) => wrongAt(field, error));
}

/** What to assign, or what was chosen to be removed, and why. */
export function ChangeDraft({ steps }: { steps: Steps }) {
  const { change, edit, review, busy, error } = steps;
  const { verb, assignments, reason } = change;
  const wrong = (field: string): string | undefined => wrongAt(field, error);
  const submit = (event: Event): void => {
    event.preventDefault();
    review();
  };
  return (
    <form onSubmit={submit}>
      {verb === 'assign' ? <Assignments steps={steps} wrong={wrong} /> : <Chosen change={change} wrong={wrong} />}
      <Field label="Reason, for the record" error={wrong('reason')} required>
        {(wiring) => (
          <textarea
            {...wiring}
            rows={2}
            dir="auto"
            value={reason}
            onInput={({ currentTarget }) => edit({ ...change, reason: currentTarget.value })}
          />
        )}
      </Field>
      <p class="ways">
        <button type="submit" class="primary" aria-disabled={busy}>
          {busy ? 'Looking …' : 'Review'}
        </button>
        {verb === 'assign' && (
          <button type="button" onClick={() => edit({ ...change, assignments: [...assignments, empty] })}>
            Add another
          </button>
        )}
      </p>
    </form>
  );
}

const empty: Assignment = { subject: '', role: '', scope: '' };

interface PartProps {
  readonly wrong: (field: string) => string | undefined;
}

const examples = { subject: 'user^42', role: 'role^library_admin', scope: 'lib^lib:Org1:math' } as const;

function Assignments({ steps: { change, edit }, wrong }: PartProps & { steps: Steps }) {
  const { assignments } = change;
  const put = (index: number, ...changed: Assignment[]): void =>
    edit({ ...change, assignments: assignments.toSpliced(index, 1, ...changed) });
  return assignments.map((assignment, index) => (
    <fieldset key={index}>
      <legend>Assignment {assignments.length > 1 && index + 1}</legend>
      {columns.map((column) => (
        <KeyField
          key={column}
          label={labels[column]}
          of={column}
          required={column !== 'scope'}
          placeholder={examples[column]}
          value={assignment[column]}
          error={wrong(fieldOf(index, column))}
          onValue={(value) => put(index, { ...assignment, [column]: value })}
        />
      ))}
      {assignments.length > 1 && (
        <button type="button" class="plain" onClick={() => put(index)}>
          Take assignment {index + 1} out
        </button>
      )}
    </fieldset>
  ));
}

function Chosen({ change, wrong }: PartProps & { change: Change }) {
  return (
    <ul>
      {change.assignments.map((assignment, index) => (
        <li key={index}>
          <Grant {...assignment} verb={verbs[change.verb]} />
          {columns.map((column) => {
            const problem = wrong(fieldOf(index, column));
            return (
              problem && (
                <p key={column} class="wrong" role="alert">
                  {problem}
                </p>
              )
            );
          })}
        </li>
      ))}
    </ul>
  );
}
