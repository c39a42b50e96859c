import { cpus } from 'node:os';
import type { Result } from './result';

const widths = { scenario: 20, concurrency: 12, unit: 42, ours: 10, baseline: 10, ratio: 8 } as const;
const columns = Object.keys(widths) as (keyof Result)[];

/** What was measured where, for people: on stderr, a row as soon as it is known. */
export class Report {
  readonly results: Result[] = [];

  begin(server: string, resident: number): void {
    const [cpu] = cpus();
    say(`Machine:  ${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`);
    say(`Server:   ${server}`);
    say('Ours:     Grantlog with its default options, recording in the same process all the time');
    say(
      'Baseline: Casbin with typeorm-adapter, no audit; assign-handwritten: the same, and an audit row saved after it',
    );
    say(`Single changes: both tables hold ${resident} other assignments (--resident)`);
    say('Medians of alternating rounds; ratio: how many times as good ours is, so above 1 ours is better');
    say('');
    say(line((column) => column));
  }

  add(result: Result): void {
    this.results.push(result);
    say(line((column) => String(result[column] ?? '–')));
  }

  end(seconds: number): void {
    say(`\nDone in ${Math.round(seconds)} s.`);
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
