import { InvalidInputError } from '../contract/grantlog.error';
import type { Rule } from '../rules/rule';

/**
 * Makes sure that rules come last among those that compete with them. In the table they will: a rule that its source has put before
 * others, so that it decides first, would have no effect there.
 * @param added are among `rules`
 * @param turnOf rules with the same turn compete by their order; those without do not compete
 * @throws InvalidInputError naming the first rule that does not come last
 */
export function assertLast(
  added: readonly Rule[],
  rules: readonly Rule[],
  turnOf: (rule: Rule) => string | undefined,
): void {
  const isNew = new Set(added.map(({ key }) => key));
  const firstNew = new Map<string, number>();
  rules.forEach((rule, at) => {
    const turn = turnOf(rule);
    if (turn === undefined) return;
    const before = firstNew.get(turn);
    if (!isNew.has(rule.key)) assertNoneBefore(before);
    else if (before === undefined) firstNew.set(turn, at);
  });
}

function assertNoneBefore(added: number | undefined): void {
  if (added === undefined) return;
  throw new InvalidInputError(
    `rules[${added}]`,
    'comes before rules that its source had at an earlier import; the order of rules decides in this model, and in the table a new ' +
      'rule comes last. Put it behind them in the source; the order in the table is changed by removing and adding rules through Grantlog',
  );
}
