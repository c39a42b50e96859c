import type { HealthReport } from '../api/answers';
import { CopyButton } from '../parts/copy-button';

/** Whether the role that the app connects with could change the log, and what mends it. */
export function AppendOnly({ state, reasons, statements }: HealthReport['appendOnly']) {
  const script = statements.join('\n');
  return (
    <section>
      <h2>Append-only: {state}</h2>
      {state === 'enforced' ? (
        <p>The app can append to the log and read it, and cannot change it.</p>
      ) : (
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {script && (
        <>
          <p>These statements, run by the owner of the tables, enforce it:</p>
          <pre tabIndex={0} aria-label="Statements">
            {script}
          </pre>
          <CopyButton text={script}>Copy statements</CopyButton>
        </>
      )}
    </section>
  );
}
