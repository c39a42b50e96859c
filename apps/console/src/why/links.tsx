import type { Creation, ExplainedLink, ExplainedRule, Hidden } from '../api/answers';
import { Deed } from '../parts/deed';
import { Grant } from '../parts/grant';
import { Key } from '../parts/key';

/** `user^ada has role^library_admin in lib^lib:Axim:*`, and who granted it. */
export function Link({ of: link }: { of: ExplainedLink | Hidden }) {
  if (link.hidden) return <span class="quiet">An assignment that you may not see.</span>;
  const { ptype, subject, role, scope } = link;
  return (
    <>
      <Has {...{ ptype, subject, role, scope }} />
      <Origin of={link} verb={ptype === 'g' ? 'Granted' : 'Created'} />
    </>
  );
}

const verbs = {
  has: ['has', 'leads'],
  lacks: ['lacks', 'does not lead'],
} as const;

type HasProps = Pick<ExplainedLink, 'ptype' | 'subject' | 'role' | 'scope'> & { readonly verb?: keyof typeof verbs };

/** Of an assignment that somebody has a role; of another grouping, whose meaning the model alone knows, that one leads to the other. */
export function Has({ ptype, verb = 'has', ...keys }: HasProps) {
  const [has, leads] = verbs[verb];
  return <Grant {...keys} verb={ptype === 'g' ? has : `${leads} by ${ptype} to`} />;
}

/** A rule as the policy has it. */
export function Rule({ of: rule }: { of: ExplainedRule | Hidden }) {
  if (rule.hidden) return <span class="quiet">A rule that you may not see.</span>;
  return (
    <>
      <code>
        {rule.ptype}
        {rule.values.map((value, index) => (
          <span key={index}>
            , <Key of={value} />
          </span>
        ))}
      </code>
      <Origin of={rule} verb="Created" />
    </>
  );
}

function Origin({ of: { record, unrecorded }, verb }: { of: Creation; verb: string }) {
  return (
    <div class="quiet">
      {record ? (
        <Deed verb={verb} record={record} />
      ) : unrecorded === 'waiting' ? (
        'Not recorded yet'
      ) : (
        'It came into the table past Grantlog, so that no record tells by whom'
      )}
    </div>
  );
}
