import { cpus } from 'node:os';
import type { Result } from './result';

const widths = { scenario: 34, concurrency: 12, unit: 42, ours: 10, baseline: 10, ratio: 8 } as const;
const columns = Object.keys(widths) as (keyof Result)[];

/** What was measured where, for people: on stderr, a row as soon as it is known. */
export class Report {
  private readonly results: Result[] = [];
  private readonly start = performance.now();

  /** @param comparison what is compared with what, in lines */
  constructor(private readonly comparison: readonly string[]) {}

  begin(server: string): void {
    const [cpu] = cpus();
    say(`Machine:  ${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`);
    say(`Server:   ${server}`);
    for (const one of this.comparison) say(one);
    say('');
    say(line((column) => column));
  }

  add(result: Result): void {
    this.results.push(result);
    say(line((column) => String(result[column] ?? '–')));
  }

  /** Says something beside the figures. */
  note(text: string): void {
    say(text);
  }

  end(): void {
    say(`\nDone in ${Math.round((performance.now() - this.start) / 1000)} s.`);
  }

  /** All results, as --json prints them. */
  json(): string {
    return `${JSON.stringify(this.results, null, 2)}\n`;
  }
}

function line(cell: (column: keyof Result) => string): string {
  return columns
    .map((column) =>
      column === 'scenario' || column === 'unit'
        ? cell(column).padEnd(widths[column])
        : cell(column).padStart(widths[column]) + '  ',
    )
    .join('')
    .trimEnd();
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
