import { printable } from './printable';

/** Rows below their titles, each column as wide as its widest value. What is absent is a dash. */
export function table(titles: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const lines = [titles, ...rows.map((row) => row.map(cell))];
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((value, column) => value.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and their values, one a line. */
export function list(entries: Readonly<Record<string, string | number | null>>): string {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  return Object.entries(entries)
    .map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`)
    .join('\n');
}

/** In one line, whatever it is. */
function cell(value: string | number | null): string {
  return value === null ? '-' : printable(String(value).replaceAll('\n', '\\u000a'));
}
