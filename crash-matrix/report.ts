import { type Cell, cells, nameOf } from './cells';
import { type Findings, type Kind, kinds, sum, total } from './findings';
import type { Kill } from './journal';

/** A cell of the matrix: how often it was struck, and all that was found. With --json, exactly these keys. */
export interface Row extends Cell, Findings {
  readonly kills: number;
}

const names = Object.keys(kinds) as Kind[];

/** In the order of the flow; cells that were not struck are left out. */
export function rowsOf(kills: readonly Kill[]): Row[] {
  return cells.flatMap((cell) => {
    const ours = kills.filter((kill) => nameOf(kill) === nameOf(cell));
    return ours.length > 0 ? [{ ...cell, kills: ours.length, ...sum(ours) }] : [];
  });
}

/** The matrix for people, in Markdown: a row for each step and fault, then what each kind adds up to. */
export function tableOf(kills: readonly Kill[]): string {
  const rows = rowsOf(kills);
  const body = rows.map(({ step, fault, kills: times, ...found }) => [
    step,
    fault,
    String(times),
    String(total(found)),
  ]);
  const all = sum(rows);
  const sums = names.map((kind) => [kinds[kind], String(all[kind])]);
  return [
    ...linesOf(
      ['step', 'fault', 'kills', 'anomalies'],
      [...body, ['all', '', String(kills.length), String(total(all))]],
    ),
    '',
    ...linesOf(['counted', 'in all'], sums),
  ].join('\n');
}

function linesOf(head: string[], rows: string[][]): string[] {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)));
  const isNumber = (at: number): boolean => rows.every((row) => /^\d+$/.test(row[at] ?? ''));
  const line = (row: string[]): string =>
    `| ${widths.map((width, at) => (isNumber(at) ? (row[at] ?? '').padStart(width) : (row[at] ?? '').padEnd(width))).join(' | ')} |`;
  const rule = widths.map((width, at) => (isNumber(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), line(rule), ...rows.map(line)];
}

/** One line for a kill, as soon as it is judged. */
export function lineOf(kill: Kill, number: number, of: number): string {
  const found = names.filter((kind) => kill[kind] > 0).map((kind) => `${kill[kind]} ${kinds[kind]}`);
  return `${String(number).padStart(String(of).length)}/${of}  ${nameOf(kill).padEnd(30)} ${found.join(', ') || 'nothing lost'}`;
}
