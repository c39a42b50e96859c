import { collectGarbage } from '../measure/garbage';
import { Stopwatch } from '../measure/stopwatch';
import { type Assignment, granted } from './assignments';
import type { RoleSide } from './role-side';

export interface Question {
  readonly subject: string;
  readonly action: string;
  readonly scope: string;
  readonly allowed: boolean;
}

/**
 * `count` questions about subjects and scopes of `known`; every other one is about what no role may do.
 * @param held whether the subjects have these roles
 */
export function questionsAbout(known: readonly Assignment[], count: number, held: boolean): Question[] {
  return Array.from({ length: count }, (_, n) => {
    const { subject, scope } = at(known, n % known.length);
    const mayBe = n % 2 === 0;
    return { subject, scope: within(scope), action: mayBe ? granted : 'delete', allowed: held && mayBe };
  });
}

/** Asks one after the other. @returns answers in a second */
export async function ask({ enforcer }: RoleSide, questions: readonly Question[]): Promise<number> {
  collectGarbage();
  let wrong = 0;
  const watch = new Stopwatch();
  for (const { subject, action, scope, allowed } of questions) {
    if ((await enforcer.enforce(subject, action, scope)) !== allowed) wrong++;
  }
  const rate = watch.rate(questions.length);
  if (wrong > 0) throw new Error(`${wrong} of ${questions.length} answers were wrong, so their time means nothing`);
  return rate;
}

/** People ask about one course, also those who have a role in all of them. */
function within(scope: string): string {
  return scope.replace('*', 'course-1');
}

function at<T>(values: readonly T[], n: number): T {
  const value = values[n];
  if (value === undefined) throw new RangeError(`there is nothing at ${n}`);
  return value;
}
