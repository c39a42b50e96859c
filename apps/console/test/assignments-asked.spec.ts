import { askedFor, modeOf } from '../src/assignments/asked';
import { cleaned, startOf } from '../src/assignments/change';

const keys = { subject: 'user^42', role: 'role^library_admin', scope: 'lib^lib:Org1:math' };

describe('what the assignments view asks for', () => {
  it('is what is in force now, unless the address says otherwise', () => {
    expect(modeOf({})).toBe('now');
    expect(modeOf({ mode: 'yesterday' })).toBe('now');
    expect(modeOf({ mode: 'as-of' })).toBe('as-of');
  });

  it('is of the address what the mode knows, and nothing that is empty', () => {
    const query = {
      ...keys,
      scopeNamespace: '',
      asOf: '2026-03-01',
      from: '2026-01-01',
      to: '2026-02-01',
      change: 'assign',
    };
    expect(askedFor(query)).toEqual(keys);
    expect(askedFor({ ...query, mode: 'as-of' })).toEqual({ ...keys, asOf: '2026-03-01' });
    expect(askedFor({ ...query, mode: 'difference' })).toEqual({ ...keys, from: '2026-01-01', to: '2026-02-01' });
    expect(askedFor({ ...query, mode: 'history' })).toEqual(keys);
  });
});

describe('a change that is asked for from the page', () => {
  it('begins with what the address names', () => {
    expect(startOf({ subject: 'user^42' }).assignments).toEqual([{ subject: 'user^42', role: '', scope: '' }]);
  });

  it('has no blanks around its keys and its reason, and names nothing twice', () => {
    const copied = { subject: ' user^42', role: 'role^library_admin\t', scope: 'lib^lib:Org1:math ' };
    const another = { ...keys, role: 'role^two words' };
    expect(cleaned({ verb: 'assign', assignments: [keys, copied, another], reason: ' new ' })).toEqual({
      verb: 'assign',
      assignments: [keys, another],
      reason: 'new',
    });
  });

  it('removes exactly what was chosen, whatever its keys look like', () => {
    const odd = { ...keys, subject: 'user^ 42 ' };
    expect(cleaned({ verb: 'remove', assignments: [odd], reason: 'left' }).assignments).toEqual([odd]);
  });
});
