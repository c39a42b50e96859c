import { useMemo } from 'preact/hooks';
import type { RecordItem } from '../api/answers';
import { Key } from '../parts/key';
import { Plain } from '../parts/plain';
import { Time } from '../parts/time';
import { hrefOf, type Query } from '../route';
import { type Filter, listed, narrowed } from './filters';
import { Operation, ruleOf } from './record-words';

interface RecordTableProps {
  readonly pages: readonly (readonly RecordItem[])[];
  readonly address: Query;
}

const columns = ['Time', 'Actor', 'Operation', 'Subject', 'Role', 'Scope', 'Reason'];

/*
 * Rows are grids, so that those out of sight cost no layout; the roles say that it is a table nevertheless. The time is the row's link; a pointer
 * may take any place of the row, or a key in it to filter by, which a keyboard does from the opened record.
 */
export function RecordTable({ pages, address }: RecordTableProps) {
  return (
    <table class="rows records" role="table" aria-label="Records, newest first" tabIndex={-1} onClick={openRow}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((name) => (
            <th key={name} scope="col" role="columnheader">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      {pages.map(
        (items, index) => items.length > 0 && <Rows key={items[0]?.seq ?? index} items={items} address={address} />,
      )}
    </table>
  );
}

function openRow(event: MouseEvent): void {
  const target = event.target as Element;
  if (target.closest('a') || getSelection()?.toString()) return;
  target.closest('tr')?.querySelector<HTMLElement>('.opens')?.click();
}

/** A page is drawn once: of thousands of rows only those that are new are looked at. */
function Rows({ items, address }: { items: readonly RecordItem[]; address: Query }) {
  const list = JSON.stringify(listed(address));
  return useMemo(() => {
    const here = listed(address);
    return (
      <tbody role="rowgroup">
        {items.map((record) => (
          <Row key={record.seq} record={record} here={here} />
        ))}
      </tbody>
    );
  }, [items, list]);
}

function Row({ record, here }: { record: RecordItem; here: Query }) {
  const { actor, subject, subjectDisplay, role, roleDisplay, scope, scopeDisplay } = record;
  return (
    <tr role="row">
      <td role="cell" data-label="Time">
        <a class="opens" id={`record-${record.seq}`} href={hrefOf('records', { ...here, record: record.id })}>
          <Time at={record.recordedAt} />
        </a>
      </td>
      <td role="cell" data-label="Actor">
        {actor === null ? <Key of={null} /> : <Filtering by={{ actor }} of={actor} here={here} />}
      </td>
      <td role="cell" data-label="Operation">
        <Operation of={record} />
      </td>
      <td role="cell" data-label="Subject">
        <Filtering by={{ subject }} of={subject} display={subjectDisplay} here={here} />
      </td>
      <td role="cell" data-label={role === null ? 'Rule' : 'Role'}>
        {role === null ? <Rest of={record} /> : <Filtering by={{ role }} of={role} display={roleDisplay} here={here} />}
      </td>
      <td role="cell" data-label="Scope">
        {scope !== null && <Filtering by={{ scope }} of={scope} display={scopeDisplay} here={here} />}
      </td>
      <td role="cell" data-label="Reason">
        <Plain text={record.reason} />
      </td>
    </tr>
  );
}

interface FilteringProps {
  readonly by: Filter;
  readonly of: string;
  readonly display?: string | null;
  readonly here: Query;
}

function Filtering({ by, of, display, here }: FilteringProps) {
  return (
    <a class="filters" tabIndex={-1} href={hrefOf('records', narrowed(here, by))}>
      <Key of={of} display={display} />
    </a>
  );
}

/** What a rule says that assigns no role, behind its subject. */
function Rest({ of: record }: { of: RecordItem }) {
  return (
    <span class="quiet">
      <Plain text={ruleOf(record)?.columns.slice(1).join(', ')} />
    </span>
  );
}
