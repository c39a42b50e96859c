import { useDraft } from '../parts/draft';
import { KeyField, MomentField } from '../parts/fields';
import type { Query } from '../route';

export const fields = ['subject', 'action', 'scope', 'asOf'] as const;

interface QuestionProps {
  readonly query: Query;
  readonly error: Error | undefined;
  /** Asks once more. */
  readonly again: () => void;
}

export function Question({ query, error, again }: QuestionProps) {
  const { field, onSubmit } = useDraft('why', query, error, again);
  return (
    <form class="fields" onSubmit={onSubmit}>
      <KeyField label="Subject" of="subject" required {...field('subject')} />
      <KeyField label="Action" required {...field('action')} />
      <KeyField label="Scope" of="scope" required {...field('scope')} />
      <MomentField label="As of, or now" {...field('asOf')} />
      <button type="submit" class="primary">
        Why?
      </button>
    </form>
  );
}
