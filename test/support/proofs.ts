import { type Enforcer, Util } from 'casbin';
import type { ExplainedLink, ExplainedRule, Explanation, HiddenPart } from 'grantlog';
import { PlainTwin, type Row } from './casbin-twin';
import type { ExplainedModel } from './explained-models';

export type Asked = readonly [subject: string, action: string, scope: string];

export async function plainOf(kind: ExplainedModel, rows: readonly Row[]): Promise<Enforcer> {
  const { enforcer } = await PlainTwin.create(kind.model(), kind.scopeMatching, rows);
  await enforcer.loadPolicy(); // in the order of priorities
  return enforcer;
}

/** What plain Casbin answers. */
export async function decidedBy(
  kind: ExplainedModel,
  rows: readonly Row[],
  asked: Asked,
): Promise<[boolean, string[]]> {
  return (await plainOf(kind, rows)).enforceEx(...asked);
}

export function shown<T extends ExplainedLink | ExplainedRule>(part: T | HiddenPart): T {
  if (part.hidden) throw new Error('It is hidden');
  return part;
}

/** What is wrong with the chain of an explanation, as a proof that the subject comes to the rule; nothing if it is one. */
export async function flawsOf(
  kind: ExplainedModel,
  rows: readonly Row[],
  asked: Asked,
  { rule, chain, otherWays }: Explanation,
): Promise<string[]> {
  if (!rule) return chain.length === 0 ? [] : ['a chain that leads to no rule'];
  const { values } = shown(rule);
  const links = chain.map((link) => shown(link));
  const flaws = links.flatMap((link, at) => flawsOfLink(kind, rows, asked, link, links[at + 1]));
  const [first] = links.filter(({ ptype }) => ptype === 'g');
  const last = links.filter(({ ptype }) => ptype === 'g').at(-1);
  if (first && first.subject !== asked[0]) flaws.push(`begins with ${first.subject}`);
  if (last && last.role !== values[0]) flaws.push(`ends at ${last.role}`);
  const own: Row = ['p', ...values];
  const alone = [own, ...links.map((link): Row => [link.ptype, ...link.rule])];
  const others = rows.filter(([ptype]) => ptype !== 'p');
  if (!(await matches(kind, alone, asked, values))) flaws.push('the chain alone does not lead to the rule');
  for (const link of otherWays ? [] : links) {
    const without = others.filter((row) => textOf(row) !== textOf([link.ptype, ...link.rule]));
    if (await matches(kind, [own, ...without], asked, values)) flaws.push(`goes without ${textOf(link.rule)}`);
  }
  return flaws;
}

function flawsOfLink(
  { hasScopes, scopeMatching }: ExplainedModel,
  rows: readonly Row[],
  [, , scope]: Asked,
  link: ExplainedLink,
  next: ExplainedLink | undefined,
): string[] {
  const { ptype, subject, role } = link;
  const flaws: string[] = [];
  if (!rows.some((row) => textOf(row) === textOf([ptype, ...link.rule]))) flaws.push(`${textOf(link.rule)} is no rule`);
  if (subject !== link.rule[0] || role !== link.rule[1]) flaws.push(`${subject} and ${role} are others`);
  if (next?.ptype === ptype && next.subject !== role) flaws.push(`${role} does not lead to ${next.subject}`);
  const holds = [scope, '*', link.scope].some(
    (where) => where === link.scope || (scopeMatching === 'glob' && Util.keyMatchFunc(where ?? '', link.scope ?? '')),
  );
  if (ptype === 'g' && hasScopes && !holds) flaws.push(`${link.scope} does not hold in ${scope}`);
  return flaws;
}

/** Whether a `p` rule decides, there being no other. */
async function matches(
  kind: ExplainedModel,
  rows: readonly Row[],
  asked: Asked,
  values: readonly string[],
): Promise<boolean> {
  const [, rule] = await decidedBy(kind, rows, asked);
  return textOf(rule) === textOf(values);
}

const textOf = (values: readonly string[]): string => JSON.stringify(values);
