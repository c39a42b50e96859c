import { useState } from 'preact/hooks';
import { get } from '../api/api';
import type { RecordItem, RecordsPage } from '../api/answers';
import { useLoaded } from '../api/loaded';
import type { ViewProps } from '../route';
import { Empty, Failed, Loading } from '../parts/states';
import { RecordTable } from './record-table';

/** What happened, newest first. */
export function Records({ query }: ViewProps) {
  const first = useLoaded(JSON.stringify(query), (signal) => get<RecordsPage>('audit-records', query, signal));
  const [opened, setOpened] = useState<RecordItem>();
  void opened;
  if (first.error) return <Failed error={first.error} again={first.again} />;
  if (!first.value) return <Loading what="records" />;
  if (first.value.items.length === 0) return <Empty title="No records" />;
  return <RecordTable items={first.value.items} onOpen={setOpened} />;
}
