import type { ComponentChildren } from 'preact';
import type { RecordItem } from '../api/answers';
import { ExactTime } from '../parts/exact-time';
import { Key } from '../parts/key';
import { Plain } from '../parts/plain';
import { hrefOf } from '../route';
import type { Filter } from './filters';
import { Operation, ruleOf } from './record-words';

/** Every field of a record, and where each leads. */
export function RecordFields({ record }: { record: RecordItem }) {
  const { actor, subject, role, scope, requestId } = record;
  return (
    <>
      <dl class="fields-of">
        <Row name="Operation" by={{ operation: record.operation }} all={`all that was ${record.operation}`}>
          <Operation of={record} /> <span class="quiet">{record.type}</span>
        </Row>
        {record.outcome !== 'success' && <Attempt details={record.details} />}
        <Row name="Actor" by={actor !== null && { actor }} all="all by this actor">
          <Key of={actor} />
        </Row>
        <Row name="Subject" by={{ subject }} all="all of this subject">
          <Key of={subject} display={record.subjectDisplay} />
        </Row>
        {role !== null && (
          <Row name="Role" by={{ role }} all="all of this role">
            <Key of={role} display={record.roleDisplay} />
          </Row>
        )}
        {scope !== null && (
          <Row name="Scope" by={{ scope }} all="all in this scope">
            <Key of={scope} display={record.scopeDisplay} />
          </Row>
        )}
        <Row name="Reason">
          {record.reason === null ? <i class="quiet">none given</i> : <Plain text={record.reason} />}
        </Row>
        <Row name="Recorded">
          <ExactTime at={record.recordedAt} />
        </Row>
        <Row name="Occurred">
          <ExactTime at={record.occurredAt} />
        </Row>
        <Details record={record} />
        <Row name="Call" by={{ operationId: record.operationId }} all="all changes of this call">
          {record.operationId}
        </Row>
        <Row name="Request" by={requestId !== null && { requestId }} all="all of this request">
          {requestId !== null && <Plain text={requestId} />}
        </Row>
        <Row name="Source IP">{record.sourceIp}</Row>
        <Row name="User agent">{record.userAgent !== null && <Plain text={record.userAgent} />}</Row>
        <Row name="Event">{record.id}</Row>
      </dl>
      {role !== null && <Elsewhere record={record} role={role} />}
    </>
  );
}

interface RowProps {
  readonly name: string;
  /** The filter for all that have the same. */
  readonly by?: Filter | false;
  /** What that shows. */
  readonly all?: string;
  readonly children: ComponentChildren;
}

function Row({ name, by, all, children }: RowProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children === null || children === false ? <span class="quiet">not known</span> : children}
        {by && (
          <>
            {' '}
            <a class="all" href={hrefOf('records', by)}>
              {all}
            </a>
          </>
        )}
      </dd>
    </div>
  );
}

/** The rule, or what somebody asked the log for. */
function Details({ record }: { record: RecordItem }) {
  const rule = ruleOf(record);
  const { query } = record.details;
  return (
    <>
      {rule && (
        <Row name="Rule">
          <code>
            <Plain text={[rule.ptype, ...rule.columns].join(', ')} />
          </code>
        </Row>
      )}
      {query !== undefined && (
        <Row name="Asked for">
          <code>
            <Plain text={JSON.stringify(query)} />
          </code>
        </Row>
      )}
    </>
  );
}

function Attempt({ details: { error, attempted } }: Pick<RecordItem, 'details'>) {
  const { code, message, field } = (error ?? {}) as Readonly<Record<string, string | undefined>>;
  return (
    <>
      <Row name="Why it failed">
        <Plain text={message} />{' '}
        <span class="quiet">
          {code}
          {field && <>, {field}</>}
        </span>
      </Row>
      {typeof attempted === 'number' && <Row name="Rules in the call">{attempted}, of which 100 are recorded</Row>}
    </>
  );
}

/** The same assignment in the other views. */
function Elsewhere({ record: { subject, scope }, role }: { record: RecordItem; role: string }) {
  const assignment = { subject, role, scope: scope ?? undefined };
  return (
    <p>
      <a href={hrefOf('assignments', { mode: 'history', ...assignment })}>History of this assignment</a>
      {' · '}
      <a href={hrefOf('why', { subject, scope: scope ?? undefined })}>Why may this subject …?</a>
    </p>
  );
}
