import type { Explanation } from '../api/answers';
import { Key } from '../parts/key';
import { Time } from '../parts/time';
import type { Query } from '../route';
import { Link, Rule } from './links';
import { Near } from './near';

/** The decision, and what led to it. */
export function Answer({ of: explanation, query }: { of: Explanation; query: Query }) {
  const { rule, chain, otherWays, untold, nearest } = explanation;
  return (
    <>
      <Verdict of={explanation} query={query} />
      {(chain.length > 0 || rule) && (
        <>
          <h2>Because</h2>
          <ol class="chain">
            {chain.map((link, index) => (
              <li key={index}>
                <Link of={link} />
              </li>
            ))}
            {rule && (
              <li>
                <strong>The rule that decided:</strong> <Rule of={rule} />
              </li>
            )}
          </ol>
        </>
      )}
      {untold.length > 0 && (
        <p>
          A function of the application was asked, too, of which no rule tells: <code>{untold.join(', ')}</code>.
        </p>
      )}
      {otherWays && <p>There are other ways to this rule; the shortest is shown.</p>}
      {nearest && <Near of={nearest} asOf={query.asOf} />}
    </>
  );
}

function Verdict({ of: { allowed, decidedBy, asOf }, query }: { of: Explanation; query: Query }) {
  const { subject = '', action = '', scope = '' } = query;
  return (
    <div class={`verdict ${allowed ? 'good' : 'bad'}`}>
      <h2>{allowed ? 'Allowed' : 'Denied'}</h2>
      <p>
        <Key of={subject} /> {allowed ? 'may' : 'may not'} <Key of={action} /> in <Key of={scope} />
        {asOf ? (
          <>
            , as of <Time at={asOf} />
          </>
        ) : (
          ', now'
        )}
        . {reasons[decidedBy](allowed)}
      </p>
    </div>
  );
}

const reasons: Readonly<Record<Explanation['decidedBy'], (allowed: boolean) => string>> = {
  rule: (allowed) => `A rule ${allowed ? 'allows' : 'denies'} it.`,
  'no rule': (allowed) => (allowed ? 'No rule decided; the model allows what no rule denies.' : 'No rule allows it.'),
  'switched off': () => 'Enforcement is switched off: everything is allowed.',
};
