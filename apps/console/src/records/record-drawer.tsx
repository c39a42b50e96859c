import { get } from '../api/api';
import type { RecordItem } from '../api/answers';
import { useLoaded } from '../api/loaded';
import { CopyButton } from '../parts/copy-button';
import { Drawer } from '../parts/drawer';
import { Failed, Loading } from '../parts/states';
import { jsonOf } from '../parts/turning';
import { amend, hrefOf, type Query } from '../route';
import { listed } from './filters';
import { RecordFields } from './record-fields';
import { operationOf } from './record-words';

interface RecordDrawerProps {
  readonly id: string;
  readonly address: Query;
  /** Those that are shown, among which the opened one has neighbours. */
  readonly records: readonly RecordItem[];
}

/** One record as a whole; it need not be among those that are shown. */
export function RecordDrawer({ id, address, records }: RecordDrawerProps) {
  const place = records.findIndex((record) => record.id === id);
  const shown = records[place];
  const path = `audit-records/${encodeURIComponent(id)}`;
  const asked = useLoaded(shown ? undefined : id, (signal) => get<RecordItem>(path, {}, signal));
  const record = shown ?? asked.value;
  const open = (another: string | undefined): void => amend('records', { ...listed(address), record: another });
  return (
    <Drawer title={record ? titleOf(record) : 'Record'} onClose={() => open(undefined)}>
      {shown && <Neighbours newer={records[place - 1]} older={records[place + 1]} onOpen={open} />}
      {asked.error && <Failed error={asked.error} again={asked.again} />}
      {!record && asked.loading && <Loading what="the record" />}
      {record && <Opened record={record} />}
    </Drawer>
  );
}

function titleOf(record: RecordItem): string {
  const { seq, outcome } = record;
  return `Record ${seq}: ${operationOf(record)}${outcome === 'success' ? '' : `, ${outcome}`}`;
}

interface NeighboursProps {
  readonly newer: RecordItem | undefined;
  readonly older: RecordItem | undefined;
  readonly onOpen: (id: string) => void;
}

function Neighbours({ newer, older, onOpen }: NeighboursProps) {
  return (
    <p class="neighbours">
      <button type="button" disabled={!newer} onClick={() => newer && onOpen(newer.id)}>
        Newer
      </button>{' '}
      <button type="button" disabled={!older} onClick={() => older && onOpen(older.id)}>
        Older
      </button>
    </p>
  );
}

function Opened({ record }: { record: RecordItem }) {
  const json = jsonOf(record);
  const link = new URL(hrefOf('records', { record: record.id }), location.href).href;
  return (
    <>
      <RecordFields record={record} />
      <p key={record.id}>
        <CopyButton text={link}>Copy link</CopyButton> <CopyButton text={json}>Copy JSON</CopyButton>
      </p>
      <details>
        <summary>JSON</summary>
        <pre dir="ltr" tabIndex={0} aria-label="JSON">
          {json}
        </pre>
      </details>
    </>
  );
}
