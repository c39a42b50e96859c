import { auditEventTypes, auditOperations, auditOutcomes } from '../../../libs/grantlog/src/contract/audit-event';
import { auditRecordsQuery } from '../../../libs/grantlog/src/http/query-schemas';
import {
  asked,
  filterFields,
  FilterError,
  listed,
  narrowed,
  operations,
  outcomes,
  types,
} from '../src/records/filters';

describe('The filters of the records view', () => {
  const now = new Date('2026-03-08T12:34:56.789Z');

  it('are those of the API, with its operations, outcomes and types', () => {
    const { limit: _limit, cursor: _cursor, ...filters } = auditRecordsQuery.shape;
    expect([...filterFields].sort()).toEqual(Object.keys(filters).sort());
    expect([operations, outcomes, types]).toEqual([auditOperations, auditOutcomes, auditEventTypes]);
  });

  it.each([
    ['24h', '2026-03-07T12:34:00.000Z'],
    ['7d', '2026-03-01T12:34:00.000Z'],
    ['30d', '2026-02-06T12:34:00.000Z'],
  ])('last=%s begins then, at a full minute', (last, from) => {
    expect(asked({ last, role: 'role^a' }, now)).toEqual({ role: 'role^a', from });
  });

  it.each(['24', '0h', 'h', '1y', '10000d', '-1d'])('last=%s is refused, naming it', (last) => {
    expect(() => asked({ last }, now)).toThrow(
      new FilterError('last', 'must be a number of hours or days, such as 24h or 7d.'),
    );
  });

  it('a moving window does not stand beside a fixed one: each takes the place of the other', () => {
    expect(() => asked({ last: '24h', to: '2026-01-01' }, now)).toThrow(/^last cannot stand beside from or to/);
    expect(narrowed({ from: '2026-01-01', to: '2026-02-01', role: 'r^a' }, { last: '7d' })).toEqual({
      role: 'r^a',
      last: '7d',
    });
    expect(narrowed({ last: '7d', role: 'r^a' }, { from: '2026-01-01' })).toEqual({ role: 'r^a', from: '2026-01-01' });
  });

  it('the opened record is no filter; what the API does not know is passed on, for it to name', () => {
    expect(listed({ record: 'x', cursor: 'c', limit: '1', colour: 'red', role: undefined })).toEqual({ colour: 'red' });
  });
});
