import type { ComponentChildren } from 'preact';

/** A column: its heading, and what stands in it. One that is not shown is `false`. */
export type Column<T> = readonly [name: string, cell: (item: T) => ComponentChildren] | false | undefined;

interface RowsProps<T> {
  readonly items: readonly T[];
  readonly columns: readonly Column<T>[];
  /** What tells one from another. */
  readonly keyOf: (item: T) => string;
}

/** A table; on a narrow page each row is a card, in which the headings stand beside the cells. */
export function Rows<T>({ items, columns, keyOf }: RowsProps<T>) {
  const shown = columns.filter((column) => !!column);
  return (
    <table class="rows">
      <thead>
        <tr>
          {shown.map(([name]) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={keyOf(item)}>
            {shown.map(([name, cell]) => (
              <td key={name} data-label={name}>
                <span>{cell(item)}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
