/**
 * One node of a cluster in a process of its own: `node -r typescript.cjs cluster-node-program.ts <url> <settings>`. It says in
 * lines on stdout what it hears and when it has done what a line on stdin asks for.
 */
import { createInterface } from 'node:readline';
import EventEmitter2 from 'eventemitter2';
import type { AuditRecord } from 'grantlog';
import { startApp, type TestApp } from './app';
import type { NodeSettings } from './cluster-node';
import { contend } from './contending-writers';
import { reader } from './facts';

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Listeners that say what they hear; at `stuckAt` they never end by themselves. */
function listenersOf({ listeners, stuckAt }: NodeSettings): false | { emitter: EventEmitter2 } {
  if (!listeners) return false;
  const emitter = new EventEmitter2({ wildcard: true });
  const hear = ({ seq }: AuditRecord): unknown => {
    say(`heard ${seq}`);
    return seq === stuckAt ? new Promise(() => undefined) : undefined;
  };
  emitter.on('role_assignment.*', hear);
  return { ...listeners, emitter };
}

const work = {
  /** Goes on following until there is nothing left that it may deliver. */
  follow: ({ followers }: TestApp): Promise<void> => followers.settled(),

  /** Assigns to `count` users in one call, with a reason of `length` characters. */
  async assign({ assignments }: TestApp, name: string, count: string, length = '0'): Promise<void> {
    const users = Array.from({ length: Number(count) }, (_, at) => reader(`${name}-${at}`));
    await assignments.assign(users, length === '0' ? {} : { reason: '€'.repeat(Number(length)) });
  },

  /**
   * Eight callers turn a few assignments over, until they have asked `count` times each. What all nodes share is changed outside
   * of transactions: a node that is frozen inside of one holds whoever wants the same.
   */
  async toggle({ assignments, dataSource }: TestApp, count: string): Promise<void> {
    const caller = async (number: number): Promise<void> => {
      for (let n = 0; n < Number(count); n += 1) {
        const [which, verb] = [(n * 7 + number) % 5, n % 2 === 0 ? 'assign' : 'remove'] as const;
        const own = reader(`own-${process.pid}-${which}`);
        if (number % 2 === 0) await assignments[verb](reader(`shared-${which}`));
        else await dataSource.transaction((manager) => assignments[verb](own, { manager }));
        if (number === 0) say(`asked ${n + 1}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, number) => caller(number)));
  },

  /** Changes what other nodes change too, `count` times by each of four writers, and says so each time. */
  contend: (app: TestApp, seed: string, count: string): Promise<void> =>
    contend(app, Number(seed), Number(count), () => say('changed')),

  /** Catches up, and says what memory holds. */
  async remember({ enforcer }: TestApp): Promise<void> {
    await enforcer.caughtUp();
    const rules = [
      ...(await enforcer.getPolicy()).map((rule) => ['p', ...rule]),
      ...(await enforcer.getGroupingPolicy()).map((rule) => ['g', ...rule]),
    ];
    say(`memory ${JSON.stringify(rules.map((rule) => rule.join()).sort())}`);
  },
};

async function run(app: TestApp): Promise<void> {
  say('ready');
  for await (const line of createInterface(process.stdin)) {
    const [verb = '', ...given] = line.split(' ');
    const asked: (app: TestApp, ...given: string[]) => Promise<void> = work[verb as keyof typeof work];
    void asked(app, ...given).then(() => say(`done ${verb}`), fail);
  }
  process.exit(1); // the test has ended without killing it
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

const [, , url = '', given = '{}'] = process.argv;
const settings = JSON.parse(given) as NodeSettings;
const { recordingBatch = 1_000 } = settings;
const dataSource = { applicationName: `node-${process.pid}` };
startApp({ url, dataSource, grantlog: { recordingBatch, listeners: listenersOf(settings) } })
  .then(run)
  .catch(fail);
