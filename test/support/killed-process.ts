/**
 * One node of the app in a process of its own, so that it can be killed: `node -r typescript.cjs killed-process.ts <url>
 * <scenario>`. It says what it has done in lines on stdout and then stays.
 */
import { reader, readerRule } from './facts';
import { startApp, type TestApp } from './app';
import { until } from './until';

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const scenarios = {
  /** Changes of every kind: committed alone, in a transaction, in a batch; rolled back; and never finished. */
  async everyKind({ assignments, dataSource, enforcer }: TestApp): Promise<void> {
    await assignments.assign(reader('alone'));
    await dataSource.transaction((manager) => assignments.assign(reader('in-transaction'), { manager }));
    await enforcer.addGroupingPolicies([readerRule('batch-1'), readerRule('batch-2')]);
    await dataSource
      .transaction(async (manager) => {
        await assignments.assign(reader('rolled-back'), { manager });
        throw new Error('the caller changed its mind');
      })
      .catch(() => undefined);
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await assignments.assign(reader('unfinished'), { manager: runner.manager });
    say('done');
  },

  /** Attempts: refused and recorded, rolled back and recorded, and in a transaction that is never finished. */
  async attempting({ assignments, dataSource, health, records }: TestApp): Promise<void> {
    await assignments.assign({ ...reader('refused'), role: 'no key' }).catch(() => undefined);
    await dataSource
      .transaction(async (manager) => {
        await assignments.assign(reader('rolled-back'), { manager });
        throw new Error('the caller changed its mind');
      })
      .catch(() => undefined);
    await until(records, (all) => all.length === 2);
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await assignments.assign(reader('unfinished'), { manager: runner.manager });
    say(JSON.stringify((await health.report()).attempts));
  },

  /** One change after the other, each said when it is answered. */
  async forEver({ assignments }: TestApp): Promise<void> {
    for (let n = 0; ; n += 1) {
      await assignments.assign(reader(n));
      say(reader(n).subject);
    }
  },

  /** The same by several callers, who go on when a connection is lost. */
  async throughLosses({ assignments }: TestApp): Promise<void> {
    const caller = async (name: string): Promise<void> => {
      for (let n = 0; ; n += 1) {
        const done = await assignments.assign(reader(`${name}-${n}`)).catch(() => undefined);
        if (done) say(reader(`${name}-${n}`).subject);
      }
    };
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(caller));
  },
};

export type Scenario = keyof typeof scenarios;

const [, , url = '', scenario] = process.argv;
process.stdin.resume().on('end', () => process.exit(1)); // the test has ended without killing it
startApp({ url, grantlog: { attempts: scenario === 'attempting' } })
  .then((app) => scenarios[scenario as Scenario](app))
  .catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
