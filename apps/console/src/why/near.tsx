import { useManages } from '../api/manages';
import type { Missing, Nearest } from '../api/answers';
import { Key } from '../parts/key';
import { hrefOf } from '../route';
import { Has, Link, Rule } from './links';

/** Of a denial: what would allow it, and what is there and does not. */
export function Near({ of: { rules, roles, more }, asOf }: { of: Nearest; asOf: string | undefined }) {
  const manages = useManages() && !asOf;
  return (
    <>
      <h2>{rules.length > 0 ? 'This would allow it' : 'Nothing comes near'}</h2>
      {rules.length === 0 && <p>There is no rule that would allow it, whatever role the subject had.</p>}
      <ul class="chain">
        {rules.map(({ rule, missing }, index) => (
          <li key={index}>
            <Rule of={rule} />
            <ul>
              {missing.map((lack, at) => (
                <li key={at}>
                  <Lack of={lack} manages={manages} />
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {roles.length > 0 && <h2>Roles that the subject has there, none of which allows it</h2>}
      <ul class="chain">
        {roles.map((link, index) => (
          <li key={index}>
            <Link of={link} />
          </li>
        ))}
      </ul>
      {more && <p class="quiet">There are more than are shown.</p>}
    </>
  );
}

function Lack({ of: lack, manages }: { of: Missing; manages: boolean }) {
  const { ptype, subject, role, scope, heldIn } = lack;
  return (
    <>
      <Has {...lack} verb="lacks" />
      {heldIn.map((held, index) => (
        <span key={held}>
          {index === 0 ? '; has it in ' : ', '}
          <Key of={held} />
        </span>
      ))}{' '}
      {manages && ptype === 'g' && (
        <a href={hrefOf('assignments', { change: 'assign', subject, role, scope: scope ?? undefined })}>Assign it …</a>
      )}
    </>
  );
}
