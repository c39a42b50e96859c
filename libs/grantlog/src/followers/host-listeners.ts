import type EventEmitter2 from 'eventemitter2';
import type { AuditRecord } from '../contract/audit-record';
import { GrantlogError } from '../contract/grantlog.error';
import type { Destination } from './destination';
import { messageOf } from './message-of';

/** A listener did not settle in time. What it does later is no longer waited for. */
export class ListenerTimeLimitError extends GrantlogError {
  constructor(milliseconds: number) {
    super('TIME_LIMIT', `did not settle within ${milliseconds} ms (option listeners.timeLimit)`);
  }
}

type Listener = (...values: unknown[]) => unknown;

/** Whoever listens for changes must not take an attempt for one. */
function nameOf({ type, outcome }: AuditRecord): string {
  return outcome === 'success' ? type : `${type}.${outcome}`;
}

/**
 * Emits each record's event on the host's EventEmitter2, wildcards and `onAny` included: under its type, and an attempt under its
 * type and outcome, `role_assignment.created.denied`, which `role_assignment.*` does not match and `role_assignment.**` does. Every listener runs, whatever the
 * others do, each with its own time limit; in a retry only those run that failed.
 */
export class HostListeners implements Destination {
  readonly name = 'host-listeners';
  /** By event id: which listeners have not taken it yet. */
  private readonly failed = new Map<string, ReadonlySet<Listener>>();

  constructor(
    private readonly emitter: EventEmitter2,
    private readonly timeLimit: number,
  ) {}

  async deliver(record: AuditRecord): Promise<void> {
    const attached = this.listenersFor(record);
    const failed = attached.filter(([listener]) => this.failed.get(record.id)?.has(listener));
    const due = failed.length > 0 ? failed : attached; // of those that failed none may be left: then it is new to all
    const outcomes = await Promise.allSettled(
      due.map(([listener, values]) => this.call(nameOf(record), listener, values)),
    );
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [messageOf(outcome.reason)] : []));
    const failing = due.filter((_, at) => outcomes[at]?.status === 'rejected').map(([listener]) => listener);
    if (errors.length > 0) this.failed.set(record.id, new Set(failing));
    else this.failed.delete(record.id);
    if (errors.length > 0) throw new Error(`${errors.length} of ${due.length} listeners failed: ${errors.join('; ')}`);
  }

  private listenersFor(record: AuditRecord): [Listener, unknown[]][] {
    const name = nameOf(record);
    const named = this.emitter.listeners(name) as Listener[];
    const any = this.emitter.listenersAny() as Listener[];
    return [
      ...named.map((listener): [Listener, unknown[]] => [listener, [record]]),
      ...any.map((listener): [Listener, unknown[]] => [listener, [name, record]]),
    ];
  }

  private async call(name: string, listener: Listener, values: unknown[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ListenerTimeLimitError(this.timeLimit)), this.timeLimit);
    });
    try {
      (this.emitter as { event?: string }).event = name; // what listeners of a wildcard read to learn which event it was
      await Promise.race([listener.apply(this.emitter, values), limit]);
    } finally {
      clearTimeout(timer);
    }
  }
}
