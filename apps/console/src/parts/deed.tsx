import type { RecordItem } from '../api/answers';
import { hrefOf } from '../route';
import { Key } from './key';
import { Plain } from './plain';
import { Time } from './time';

/** `by user^7 on 2026-03-01, because “…”`, with the way to the whole record. */
export function Deed({ verb, record }: { verb: string; record: RecordItem }) {
  const { actor, recordedAt, reason, id } = record;
  return (
    <>
      {verb} by <Key of={actor} /> on <Time at={recordedAt} />
      {reason && (
        <>
          {' '}
          because{' '}
          <q>
            <Plain text={reason} />
          </q>
        </>
      )}{' '}
      <a href={hrefOf('records', { record: id })}>record</a>
    </>
  );
}
