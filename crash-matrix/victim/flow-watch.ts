import { Client } from 'pg';
import type { Step } from '../cells';

/** Hears of each step on the way of a change, in the turn in which it happens and before the library goes on. */
export type Occurs = (step: Step, on: Client) => void;

/** What a client's open transaction has done. */
type Done = 'nothing' | 'changed' | 'claimed' | 'appended';

interface Around {
  readonly before?: Step;
  readonly sent?: Step;
  readonly answered?: Step;
  /** What the transaction has done when it is answered. */
  readonly then?: Done;
  /** Whether the answer must hold rows, or else nothing has happened. */
  readonly rows?: true;
}

const inTransaction = 'T';

/** Steps around the statements that are told by their text alone. */
const byText: readonly (readonly [RegExp, Around])[] = [
  [/DELETE FROM audit_outbox/, { answered: 'claim', then: 'claimed', rows: true }],
  [/INSERT INTO audit_record/, { sent: 'append', answered: 'appended', then: 'appended' }],
  [/UPDATE audit_follower SET seq =/, { before: 'delivered', answered: 'cursor' }],
  [/^\s*SELECT id, ptype[\s\S]*casbin_rule/, { sent: 'load' }],
  [/pg_current_snapshot[\s\S]*audit_(change|outbox)/, { sent: 'follow' }],
  [/^\s*(BEGIN|START TRANSACTION|ROLLBACK(?! TO))/, { then: 'nothing' }],
];

const change = /casbin_rule[\s\S]*INSERT INTO audit_outbox/;
const commits: Readonly<Record<Done, Around>> = {
  nothing: {},
  changed: { before: 'before-commit', sent: 'commit', answered: 'committed', then: 'nothing' },
  claimed: { then: 'nothing' },
  appended: { sent: 'recording-commit', answered: 'recorded', then: 'nothing' },
};

/** Tells the steps by the statements that pass through every connection of this process. */
export class FlowWatch {
  private readonly done = new WeakMap<Client, Done>();
  private readonly open = new Set<Client>();

  constructor(private readonly occurs: Occurs) {}

  /** Every connection that has not ended. */
  get clients(): ReadonlySet<Client> {
    return this.open;
  }

  install(): void {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on the client that it was called on
    const send = Client.prototype.query as (...given: unknown[]) => unknown;
    const watch = (client: Client, given: unknown[]): unknown =>
      this.pass(client, given, () => Reflect.apply(send, client, given));
    Object.defineProperty(Client.prototype, 'query', {
      configurable: true,
      writable: true,
      value: function query(this: Client, ...given: unknown[]): unknown {
        return watch(this, given);
      },
    });
  }

  private pass(client: Client, [statement]: unknown[], send: () => unknown): unknown {
    this.know(client);
    const text = typeof statement === 'string' ? statement : (statement as { text?: string }).text;
    const around = text === undefined ? {} : this.around(client, text);
    if (around.before) this.occurs(around.before, client);
    const answer = send();
    if (around.sent) this.occurs(around.sent, client);
    if (!(answer instanceof Promise)) return answer;
    return answer.then((answered: unknown) => {
      if (around.rows && !hasRows(answered)) return answered;
      if (around.then) this.done.set(client, around.then);
      if (around.answered) this.occurs(around.answered, client);
      return answered;
    });
  }

  private around(client: Client, text: string): Around {
    if (change.test(text)) {
      const part = { before: 'before-statement', sent: 'statement', rows: true } as const;
      const alone = client.getTransactionStatus() !== inTransaction;
      return alone ? { ...part, answered: 'committed' } : { ...part, then: 'changed' };
    }
    if (/^\s*COMMIT/.test(text)) return commits[this.done.get(client) ?? 'nothing'];
    return byText.find(([pattern]) => pattern.test(text))?.[1] ?? {};
  }

  private know(client: Client): void {
    if (this.open.has(client)) return;
    this.open.add(client);
    client.once('end', () => this.open.delete(client));
  }
}

/** Of several statements the last one counts. */
function hasRows(answer: unknown): boolean {
  const last = [answer].flat().at(-1) as { rows?: unknown[] } | undefined;
  return (last?.rows?.length ?? 0) > 0;
}
