/** Milliseconds between two lines about the same step. */
const pause = 1_000;

/** Tells on stderr how an adoption goes on: whoever runs a migration looks there, and stdout may be read by a program. */
export class AdoptionProgress {
  private lastSaid = -Infinity;

  say(line: string): void {
    this.lastSaid = performance.now();
    process.stderr.write(`grantlog: ${line}\n`);
  }

  /** Says how far a step has come, at most once a second. */
  at(done: number, all: number, what: string): void {
    if (performance.now() - this.lastSaid < pause) return;
    this.say(`${what} ${numeral(done)} of ${numeral(all)}`);
  }
}

export function numeral(count: number): string {
  return count.toLocaleString('en-US');
}
