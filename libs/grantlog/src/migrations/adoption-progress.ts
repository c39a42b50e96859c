/** Milliseconds between two lines about the same step, and between two attempts at what others hold. */
const pause = 1_000;

/** Tells on stderr how an adoption goes on: whoever runs a migration looks there, and stdout may be read by a program. */
export class AdoptionProgress {
  private lastSaid = -Infinity;
  private waitedFor = '';

  say(line: string): void {
    this.lastSaid = performance.now();
    process.stderr.write(`grantlog: ${line}\n`);
  }

  /** Says how far a step has come, at most once a second. */
  at(done: number, all: number, what: string): void {
    if (performance.now() - this.lastSaid < pause) return;
    this.say(`${what} ${numeral(done)} of ${numeral(all)}`);
  }

  /** Rests for a second, and says once what is waited for. */
  async wait(what: string): Promise<void> {
    if (this.waitedFor !== what) this.say(`waiting for ${what} that open transactions have locked, or a trigger keeps`);
    this.waitedFor = what;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** `1 row`, `2,000 rows` */
export function counted(count: number, thing: string): string {
  return `${numeral(count)} ${thing}${count === 1 ? '' : 's'}`;
}

function numeral(count: number): string {
  return count.toLocaleString('en-US');
}

/** Some of many, and how many others there are. */
export function named(some: readonly string[], all: number): string {
  return some.join(', ') + (all > some.length ? ` and ${numeral(all - some.length)} more` : '');
}
