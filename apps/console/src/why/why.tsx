import { get } from '../api/api';
import type { Explanation } from '../api/answers';
import { useLoaded } from '../api/loaded';
import { wrongAt } from '../parts/draft';
import { Empty, Failed, Loading } from '../parts/states';
import type { ViewProps } from '../route';
import { Answer } from './answer';
import { fields, Question } from './question';
import './why.css';

/** Why somebody may do something, or may not; now, or at a moment in the past. */
export function Why({ query }: ViewProps) {
  const asked = Object.fromEntries(fields.map((name) => [name, query[name]]));
  const complete = asked.subject && asked.action && asked.scope;
  const { value, error, loading, again } = useLoaded(complete ? JSON.stringify(asked) : undefined, async (signal) => ({
    asked,
    explanation: await get<Explanation>('explain', asked, signal),
  }));
  return (
    <>
      <Question query={query} error={error} again={again} />
      {!complete && (
        <Empty title="Who, what and where?">
          <p>Name a subject, an action and a scope above. The past is answered by the rules of then.</p>
        </Empty>
      )}
      {error && !fields.some((name) => wrongAt(name, error)) && <Failed error={error} again={again} />}
      {loading && !value && <Loading what="the answer" />}
      {value && (
        <div aria-busy={loading} aria-live="polite">
          <Answer of={value.explanation} query={value.asked} />
        </div>
      )}
    </>
  );
}
