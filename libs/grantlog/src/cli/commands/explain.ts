import { Enforcer } from 'casbin';
import { Explainer } from '../../explain/explainer';
import type { ExplainedLink, ExplainedRule, ExplainQuery, HiddenPart } from '../../explain/explanation';
import { type ExplanationItem, explanationItem } from '../../explain/explanation-item';
import { exitCodes } from '../exit-codes';
import type { AddsCommand } from '../session';
import { modelOption, scopeMatchingOption } from '../settings';
import { table } from '../table';

/**
 * `grantlog explain`: why a request is allowed or denied. Either is an answer, so that the exit code is 0 for both. Functions that the app adds
 * to its enforcer are not known here.
 */
export const explain: AddsCommand = (program, run) => {
  program
    .command('explain')
    .description('says why a request is allowed or denied, now or in the past')
    .requiredOption('--subject <key>', 'who asks')
    .requiredOption('--action <action>', 'what for')
    .requiredOption('--scope <key>', 'where')
    .option('--as-of <time>', 'a moment in the past; ISO 8601. Default: now')
    .addOption(modelOption())
    .addOption(scopeMatchingOption())
    .action(
      run<ExplainQuery>(async ({ dataSource, keys, output, settings }, { subject, action, scope, asOf }) => {
        const [model, scopeMatching] = [settings.neededModel(), settings.scopeMatching()];
        const explainer = new Explainer({ dataSource, keys, model, scopeMatching, enforcerClass: Enforcer });
        const asked = { subject, action, scope, asOf };
        const answer = explanationItem(await explainer.explain(asked), keys);
        await output.show(answer, () => text(asked, answer));
        return exitCodes.fine;
      }),
    );
};

type Shown<T> = T | HiddenPart;

function text({ subject, action, scope, asOf }: ExplainQuery, answer: ExplanationItem): string {
  const { allowed, rule, chain, otherWays, untold } = answer;
  const when = asOf === undefined ? '' : ` at ${asOf}`;
  const paragraphs = [
    `${allowed ? 'Allowed' : 'Denied'}${when}: ${subject} ${action} ${scope}`,
    rule ? `By this rule:\n${table(ruleTitles, [ruleRow(rule)])}` : withoutRule(answer),
    chain.length > 0 ? `To which these lead, in order:\n${table(linkTitles, chain.map(linkRow))}` : '',
    otherWays ? 'There are other ways to the rule; this is the shortest.' : '',
    untold.length > 0 ? `A function decides of ${untold.join(', ')}; no rule can be told.` : '',
    ...nearest(answer),
  ];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

function withoutRule({ allowed, decidedBy }: ExplanationItem): string {
  if (decidedBy === 'switched off') return 'The enforcer is switched off.';
  return allowed ? 'No rule denies it.' : 'No rule allows it.';
}

function nearest({ nearest: near }: ExplanationItem): string[] {
  if (!near) return [];
  const rows = near.rules.flatMap(({ rule, missing }) =>
    missing.map(({ role, scope, heldIn }) => [role, scope, heldIn.join(' ') || null, lineOf(rule)]),
  );
  return [
    rows.length > 0
      ? `It would be allowed with:\n${table(['role', 'in', 'which it has in', 'by the rule'], rows)}`
      : '',
    near.roles.length > 0
      ? `The roles there:\n${table(linkTitles, near.roles.map(linkRow))}`
      : 'There are no roles there.',
    near.more ? 'There are more.' : '',
  ];
}

const ruleTitles = ['rule', 'created by', 'at', 'reason'];
const linkTitles = ['subject', 'role', 'scope', 'granted by', 'at', 'reason'];

type Cells = readonly (string | null)[];

function ruleRow(rule: Shown<ExplainedRule>): Cells {
  return rule.hidden ? ['(hidden)', null, null, null] : [lineOf(rule), ...creation(rule)];
}

function linkRow(link: Shown<ExplainedLink>): Cells {
  if (link.hidden) return ['(hidden)', null, null, null, null, null];
  return [link.subject, link.role, link.scope, ...creation(link)];
}

/** Who, when and why. */
function creation({ record, unrecorded }: ExplainedRule | ExplainedLink): Cells {
  if (record) return [record.actor ?? 'system', record.occurredAt, record.reason];
  return [unrecorded === 'waiting' ? '(not recorded yet)' : '(past Grantlog)', null, null];
}

function lineOf({ ptype, values }: ExplainedRule): string {
  return [ptype, ...values].join(', ');
}
