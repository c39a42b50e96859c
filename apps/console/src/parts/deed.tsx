import type { ComponentChildren } from 'preact';
import type { RecordItem } from '../api/answers';
import { hrefOf } from '../route';
import { Key } from './key';
import { Time } from './time';

/** `by user^7 on 2026-03-01, because “…”`, with the way to the whole record. */
export function Deed({ verb, record, children }: { verb: string; record: RecordItem; children?: ComponentChildren }) {
  const { actor, recordedAt, reason, id } = record;
  return (
    <>
      {verb} by <Key of={actor} /> on <Time at={recordedAt} />
      {reason && (
        <>
          {' '}
          because{' '}
          <q>
            <bdi>{reason}</bdi>
          </q>
        </>
      )}{' '}
      <a href={hrefOf('records', { record: id })}>record</a>
      {children}
    </>
  );
}
