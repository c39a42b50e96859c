import type { RecordItem } from '../api/answers';
import { Key } from '../parts/key';
import { Time } from '../parts/time';
import { hrefOf } from '../route';

interface RecordTableProps {
  readonly items: readonly RecordItem[];
  readonly onOpen: (record: RecordItem) => void;
}

export function RecordTable({ items, onOpen }: RecordTableProps) {
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">Did</th>
          <th scope="col">Subject</th>
          <th scope="col">Role</th>
          <th scope="col">Where</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {items.map((record) => (
          <RecordRow key={record.seq} record={record} onOpen={onOpen} />
        ))}
      </tbody>
    </table>
  );
}

function RecordRow({ record, onOpen }: { record: RecordItem; onOpen: RecordTableProps['onOpen'] }) {
  return (
    <tr>
      <td data-label="When">
        <button type="button" class="plain" onClick={() => onOpen(record)}>
          <Time at={record.recordedAt} />
        </button>
      </td>
      <td data-label="Who">
        <Key of={record.actor} href={record.actor ? hrefOf('records', { actor: record.actor }) : undefined} />
      </td>
      <td data-label="Did">{record.operation}</td>
      <td data-label="Subject">
        <Key
          of={record.subject}
          display={record.subjectDisplay}
          href={hrefOf('records', { subject: record.subject })}
        />
      </td>
      <td data-label="Role">{record.role !== null && <Key of={record.role} display={record.roleDisplay} />}</td>
      <td data-label="Where">{record.scope !== null && <Key of={record.scope} display={record.scopeDisplay} />}</td>
      <td data-label="Why">
        <bdi>{record.reason}</bdi>
      </td>
    </tr>
  );
}
