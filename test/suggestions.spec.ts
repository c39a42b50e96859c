import type { AuditRecord, KeyField, SuggestionQuery, VisibleScopes } from 'grantlog';
import { isVisible } from '../libs/grantlog/src/contract/visible-scopes';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { LetsPass, HttpCaller } from './support/http';
import { commitEvents, type OutboxRow } from './support/outbox-rows';

const type = 'role_assignment.created';
const fields: KeyField[] = ['subject', 'role', 'scope', 'actor'];
const namespaceOf = (key: string): string => key.split('^')[0] ?? key;
const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const namesOf = (items: readonly { key: string }[]): string[] => items.map(({ key }) => key);

/** 12,000 records; what comes first is far from the newest ones. */
const rows: OutboxRow[] = [
  { type, subject: 'user^anna', role: 'role^annotator', scope: 'lib^annals:1', actor: 'service^announcer' },
  { type, subject: 'group^annex', role: 'role^reader', scope: '*', actor: 'user^anna' },
  { type, subject: 'user^hidden-ann', role: 'role^hidden', scope: 'org^secret', actor: 'user^hidden-ann' },
  { type, subject: 'user^100%', role: 'role^a_b', scope: 'lib^lib:Org1:*', actor: null },
  { type, subject: 'user^Straße', role: 'role^reader', scope: 'lib^Übung', actor: 'user^日本' },
  { type: 'policy.created', subject: 'role^unscoped', role: null, scope: null, actor: null },
  ...times(30).map((at) => ({ type, subject: `user^ann-${at}`, role: 'role^reader', scope: `org^ann-${at % 3}` })),
  ...times(12_000).map((at) => ({
    type,
    subject: `user^${at % 2_000}`,
    role: `role^r${at % 7}`,
    scope: at % 400 === 0 ? 'lib^annals:1' : `course^${at % 1_000}`,
    actor: `user^${at % 11}`,
  })),
];
const everybody: VisibleScopes[] = [
  { scopes: ['*'] },
  { namespaces: ['lib'] },
  { namespaces: ['org', 'course'], except: ['org^secret', 'course^1*'] },
  { scopes: ['*'], except: ['course^*', 'org^secret'] },
  { scopes: ['lib^annals:*', 'org^ann-1', 'absent^ann'] },
  { scopes: ['org^ann-1', 'org^ann-10', 'org^ann-2'] },
  {},
];

describe('keys in use', () => {
  let cluster: Cluster;
  let app: TestApp;
  let log: AuditRecord[];
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { listeners: false, recordReads: true, http: { guards: [LetsPass] } } });
    await commitEvents(app.dataSource, rows);
    await app.relay.drained();
    await app.dataSource.query('VACUUM ANALYZE audit_record');
    log = await app.records();
  });
  afterAll(() => cluster.end());

  const suggested = async (query: SuggestionQuery, visible?: VisibleScopes): Promise<string[]> =>
    (await app.trail.suggestions(query, { visible })).map(({ field, key }) => `${field}: ${key}`);
  const seenBy = (visible: VisibleScopes): AuditRecord[] =>
    log.filter(({ scope }) => isVisible(visible, scope, namespaceOf));
  /** Every key that a word may mean, of what somebody sees. */
  const meant = (word: string, field: KeyField, visible: VisibleScopes): string[] => {
    const keys = new Set(seenBy(visible).flatMap((record) => record[field] ?? []));
    const begins = (key: string): boolean =>
      word.includes('^') || !key.includes('^')
        ? key.startsWith(word)
        : key.slice(key.indexOf('^') + 1).startsWith(word);
    return [...keys].filter(begins);
  };

  it('have these namespaces', async () => {
    expect(await app.trail.namespaces()).toEqual({
      subject: ['group', 'role', 'user'],
      role: ['role'],
      scope: ['*', 'course', 'lib', 'org'],
      actor: ['service', 'user'],
    });
  });

  it('have the namespaces of what the viewer sees', async () => {
    for (const visible of everybody) {
      const namespaces = await app.trail.namespaces({ visible });
      const seen = seenBy(visible);
      const of = (field: KeyField): string[] =>
        [...new Set(seen.flatMap((record) => record[field] ?? []).map(namespaceOf))].sort();
      expect(namespaces.scope).toEqual(of('scope'));
      for (const field of fields) expect(of(field)).toEqual(expect.arrayContaining([...namespaces[field]]));
    }
    const few = await app.trail.namespaces({ visible: { namespaces: ['lib'] } });
    expect(few).toEqual({ subject: ['user'], role: ['role'], scope: ['lib'], actor: ['service', 'user'] });
  });

  it('are suggested to a word behind every namespace, each field as much as the others', async () => {
    expect(await suggested({ word: 'ann' })).toEqual([
      'subject: group^annex',
      'subject: user^ann-0',
      'subject: user^ann-1',
      'subject: user^ann-10',
      'role: role^annotator',
      'scope: lib^annals:1',
      'scope: org^ann-0',
      'scope: org^ann-1',
      'actor: service^announcer',
      'actor: user^anna',
    ]);
    expect(await suggested({ word: 'ann', limit: 3 })).toEqual([
      'subject: group^annex',
      'role: role^annotator',
      'scope: lib^annals:1',
    ]);
    expect(await suggested({ word: 'ann', field: 'subject', limit: 50 })).toHaveLength(32);
  });

  it('are suggested to a word with a separator as their own beginning, and to one field alone', async () => {
    expect(await suggested({ word: 'user^ann', limit: 2 })).toEqual(['subject: user^ann-0', 'actor: user^anna']);
    expect(await suggested({ word: 'user^', field: 'actor', limit: 2 })).toEqual(['actor: user^0', 'actor: user^1']);
    expect(await suggested({ word: 'ser^ann' })).toEqual([]);
    expect(await suggested({ word: '^' })).toEqual([]);
  });

  it.each([
    ['*', ['scope: *']],
    ['100%', ['subject: user^100%']],
    ['a_', ['role: role^a_b']],
    ['lib^lib:Org1:*', ['scope: lib^lib:Org1:*']],
    ['Straß', ['subject: user^Straße']],
    ['Ü', ['scope: lib^Übung']],
    ['日', ['actor: user^日本']],
    ['ANN', []],
    ['%', []],
    ["'; DROP TABLE audit_record", []],
    ['\u{10FFFF}', []],
  ])('are suggested to %j as it stands', async (word, expected) => {
    expect(await suggested({ word })).toEqual(expected);
  });

  it('are suggested to those only who see a record that has them', async () => {
    for (const visible of everybody) {
      for (const word of [
        'ann',
        'hidden',
        'secret',
        'user^',
        'org^',
        'lib^ann',
        '*',
        '1',
        'r',
        'role^',
        'unscoped',
        'org',
        'course^1',
      ]) {
        for (const field of fields) {
          const items = await app.trail.suggestions({ word, field, limit: 50 }, { visible });
          expect(meant(word, field, visible)).toEqual(expect.arrayContaining(namesOf(items)));
          expect(new Set(namesOf(items)).size).toBe(items.length);
        }
      }
    }
  });

  it('are all suggested, to whoever sees everything', async () => {
    for (const word of ['ann', 'user^199', 'role^', 'org^', '*', 'r', 'course^77']) {
      for (const field of fields) {
        const items = await app.trail.suggestions({ word, field, limit: 50 });
        const wanted = meant(word, field, 'all');
        expect({ word, field, count: items.length }).toEqual({ word, field, count: Math.min(50, wanted.length) });
        expect(wanted).toEqual(expect.arrayContaining(namesOf(items)));
      }
    }
  });

  it('are suggested to somebody who sees little, also if the records are long ago', async () => {
    const visible = { scopes: ['org^ann-1'] };
    expect(await suggested({ word: 'ann-1', limit: 20 }, visible)).toEqual([
      'subject: user^ann-1',
      'subject: user^ann-10',
      'subject: user^ann-13',
      'subject: user^ann-16',
      'subject: user^ann-19',
      'scope: org^ann-1',
    ]);
    expect(await suggested({ word: 'reader' }, visible)).toEqual(['role: role^reader']);
    expect(await suggested({ word: 'course^1' }, { scopes: ['*'], except: ['course^1*'] })).toEqual([]);
    expect(
      await suggested({ word: 'course^', limit: 1 }, { scopes: ['course^*'], except: ['course^1*', 'course^0'] }),
    ).toEqual(['scope: course^2']);
  });

  it.each<[SuggestionQuery, string]>([
    [{} as SuggestionQuery, 'word'],
    [{ word: '' }, 'word'],
    [{ word: 'x'.repeat(256) }, 'word'],
    [{ word: 'a\u0000' }, 'word'],
    [{ word: 'a', field: 'type' as KeyField }, 'field'],
    [{ word: 'a', limit: 0 }, 'limit'],
    [{ word: 'a', limit: 51 }, 'limit'],
    [{ word: 'a', scope: '*' } as never, 'scope'],
  ])('are refused to %j, naming %s', async (query, field) => {
    await expect(app.trail.suggestions(query)).rejects.toMatchObject({ code: 'INVALID_INPUT', field });
  });

  it('are told over HTTP, and that leaves no record', async () => {
    const caller = await HttpCaller.of(app);
    const path = '/authz/audit-records';
    expect(await caller.get(`${path}/suggestions?word=anno&limit=1&field=role`)).toStrictEqual({
      status: 200,
      body: { items: [{ field: 'role', key: 'role^annotator' }] },
    });
    expect(await caller.get(`${path}/namespaces`)).toMatchObject({ status: 200, body: { role: ['role'] } });
    expect(await app.records()).toHaveLength(log.length);
    const refused = [
      'suggestions',
      'suggestions?word=',
      'suggestions?word=a&limit=51',
      'suggestions?word=a&x=1',
      'namespaces?x=1',
    ];
    for (const one of refused) expect([one, (await caller.get(`${path}/${one}`)).status]).toEqual([one, 400]);
  });
});

describe('keys without namespaces', () => {
  let cluster: Cluster;
  let app: TestApp;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { listeners: false, bareKeys: true } });
    const bare = times(3_000).map((at) => ({ type, subject: `b${at}`, role: 'admin', scope: 'annex' }));
    const one = { type, subject: 'user^ann', role: 'role^ann', scope: 'lib^ann' };
    await commitEvents(app.dataSource, [...bare, { type, subject: 'ann', role: 'anniversary', scope: 'ann' }, one]);
    await app.relay.drained();
  });
  afterAll(() => cluster.end());

  it('are suggested to their own beginning, beside those that have one', async () => {
    const items = await app.trail.suggestions({ word: 'ann', limit: 20 });
    expect(items.map(({ field, key }) => `${field}: ${key}`)).toEqual([
      'subject: ann',
      'role: anniversary',
      'role: role^ann',
      'scope: ann',
      'scope: annex',
      'scope: lib^ann',
    ]);
    expect(namesOf(await app.trail.suggestions({ word: 'b1', limit: 2 }))).toEqual(['b1', 'b10']);
    expect(namesOf(await app.trail.suggestions({ word: 'user', limit: 2 }))).toEqual([]);
  });

  it('are no namespaces, but for scopes, which have one each', async () => {
    const { role, scope } = await app.trail.namespaces();
    expect([role, scope]).toEqual([['role'], ['ann', 'annex', 'lib']]);
  });
});
