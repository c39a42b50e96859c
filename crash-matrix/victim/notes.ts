import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RuleOperation } from 'grantlog';

/** Files in the folder for notes. */
export const acknowledgedFile = 'acknowledged';
export const deliveredFile = 'delivered';

/** What the app was told and has done, a line each. A line that was written survives `kill -9`. */
export class Notes {
  private readonly acknowledged: number;
  private readonly deliveries: number;

  constructor(folder: string) {
    this.acknowledged = openSync(join(folder, acknowledgedFile), 'a');
    this.deliveries = openSync(join(folder, deliveredFile), 'a');
  }

  /** The answer named these events. */
  answered(events: readonly { readonly id: string }[]): void {
    if (events.length > 0) writeSync(this.acknowledged, events.map(({ id }) => `id ${id}\n`).join(''));
  }

  /** The answer said that it was done. @param subject MUST occur in this operation once for all time */
  done(operation: RuleOperation, subject: string): void {
    writeSync(this.acknowledged, `${operation} ${subject}\n`);
  }

  /** Memory showed a rule of this subject, which nobody had committed. */
  showed(subject: string): void {
    writeSync(this.acknowledged, `showed ${subject}\n`);
  }

  /** A listener took the record. */
  delivered(seq: string): void {
    writeSync(this.deliveries, `${seq}\n`);
  }
}
