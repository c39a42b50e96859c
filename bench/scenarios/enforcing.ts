import { collectGarbage } from '../measure/garbage';
import { alternate, type Figures } from '../measure/rounds';
import { Stopwatch } from '../measure/stopwatch';
import { comparedRates } from '../result';
import { type Assignment, assignments, roleKey } from '../sides/assignments';
import { PlainCasbin } from '../sides/plain-casbin';
import { mustChange, type RoleSide } from '../sides/role-side';
import { sizes } from '../sizes';
import { type Scenario, withSides } from './scenario';

const { enforce } = sizes;
const granted = 'read';

/** Questions one after the other, half of them about what is granted, on the same model, policies and assignments. */
export const enforcing: Scenario = {
  names: ['enforce'],
  async *run(bench) {
    const known = assignments('enforce', enforce.assignments);
    const pairs = await withSides(bench, PlainCasbin.open, async (ours, baseline) => {
      for (const side of [ours, baseline]) await grant(side, known);
      return alternate(bench.rounds ?? enforce.rounds, {
        ours: () => ask(ours, known),
        baseline: () => ask(baseline, known),
      });
    });
    yield comparedRates('enforce', 1, 'ops/s', pairs.enforce);
  },
};

async function grant(side: RoleSide, known: readonly Assignment[]): Promise<void> {
  const policies = Array.from({ length: enforce.roles }, (_, n) => [roleKey(n), granted, '*']);
  await mustChange(side.addPolicies(policies));
  await mustChange(side.assignAll(known));
  await side.settled();
}

async function ask({ enforcer }: RoleSide, known: readonly Assignment[]): Promise<Figures<'enforce'>> {
  collectGarbage();
  let allowed = 0;
  let asked = 0;
  const watch = new Stopwatch();
  while (asked < enforce.requests) {
    for (const { subject, scope } of known) {
      const action = asked++ % 2 === 0 ? granted : 'delete';
      if (await enforcer.enforce(subject, action, scope)) allowed++;
    }
  }
  const rate = watch.rate(asked);
  if (allowed * 2 !== asked) throw new Error(`${allowed} of ${asked} requests were allowed; half of them should be`);
  return { enforce: rate };
}
