import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { Client } from 'pg';
import { type Cell, faults, type Step, steps } from '../crash-matrix/cells';
import { nothing, sum, total } from '../crash-matrix/findings';
import type { Kill } from '../crash-matrix/journal';
import { Judge } from '../crash-matrix/judge/judge';
import { fromTheBeginning } from '../crash-matrix/judge/ledger';
import { installWitness } from '../crash-matrix/judge/witness';
import { Matrix } from '../crash-matrix/matrix';
import { rowsOf, tableOf } from '../crash-matrix/report';
import { acknowledgedFile, deliveredFile } from '../crash-matrix/victim/notes';
import { connect, createDatabase, type TestDatabase } from './support/database';

/** Each step once, and each fault in turn: the short form of `npm run crash-matrix`. */
const shortForm = (Object.keys(steps) as Step[]).map((step, at): Cell => ({ step, fault: faults[at % 3] ?? 'app' }));

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'grantlog-crash-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('whatever dies at whichever step, nothing is lost', () => {
  const troubles: string[] = [];
  const open = (patience?: number): Promise<Matrix> =>
    Matrix.open({
      state: folder,
      cells: shortForm,
      seed: 1,
      patience,
      nodeOptions: ['-r', join(__dirname, 'support', 'typescript.cjs')],
      onKill: () => undefined,
      onTrouble: (trouble) => troubles.push(trouble),
    });

  async function within<T>(matrix: Matrix, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      await matrix.close();
    }
  }

  it('at each step of a change, in a run that is ended in the middle and goes on', async () => {
    const first = await open();
    await within(first, () => first.run(5));
    expect(first.kills).toHaveLength(5);

    const second = await open();
    expect(second.kills).toEqual(first.kills);
    await within(second, () => second.run(shortForm.length));

    expect(troubles).toEqual([]);
    expect(second.kills.map(({ step, fault }) => ({ step, fault }))).toEqual(shortForm);
    expect(rowsOf(second.kills)).toEqual(shortForm.map((cell) => ({ ...cell, kills: 1, ...nothing })));
  }, 180_000);

  it('an app that does not recover is counted, and the run goes on with another one', async () => {
    const matrix = await open(1);
    await within(matrix, () => matrix.run(2));
    expect(sum(matrix.kills)).toEqual({ ...nothing, notRecovered: 2 });
    expect(tableOf(matrix.kills)).toMatch(/\| all +\| +\| +2 \| +2 \|/);
  }, 60_000);
});

describe('the judge counts', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let client: Client;
  let judge: Judge;

  beforeEach(async () => {
    database = await createDatabase();
    dataSource = await connect(database.url);
    await installWitness((sql) => dataSource.query(sql));
    await dataSource.query(`INSERT INTO audit_follower (name, seq) VALUES ('host-listeners', 0)`);
    client = new Client({ connectionString: database.url });
    await client.connect();
    judge = new Judge(client, folder);
    for (const name of ['one', 'two', 'three']) await change(name);
  });
  afterEach(async () => {
    await client.end();
    await dataSource.destroy();
    await database.drop();
  });

  const rule = (name: string): string =>
    `INSERT INTO casbin_rule (ptype, v0, v1) VALUES ('g', 'user^${name}', 'role^x')`;
  const record = (name: string): string => `
    WITH head AS (UPDATE audit_head SET seq = seq + 1, recorded_at = clock_timestamp() RETURNING *)
    INSERT INTO audit_record (seq, id, type, operation, outcome, subject, operation_id, occurred_at, recorded_at, details, outbox_id, xid)
    SELECT seq, gen_random_uuid(), 'role_assignment.created', 'created', 'success', 'user^${name}', gen_random_uuid(),
      recorded_at, recorded_at, '{"ptype": "g", "rule": ["user^${name}", "role^x"]}', seq, pg_current_xact_id() FROM head`;
  const change = (name: string): Promise<unknown> => client.query(`BEGIN; ${rule(name)}; ${record(name)}; COMMIT`);
  const past = (sql: string): Promise<unknown> =>
    client.query(`ALTER TABLE audit_record DISABLE TRIGGER ALL; ${sql}; ALTER TABLE audit_record ENABLE TRIGGER ALL`);
  const found = async () => (await judge.verify({ verified: fromTheBeginning })).findings;
  const nothingFound = {
    missed: 0,
    withoutChange: 0,
    duplicates: 0,
    gaps: 0,
    acknowledgedGone: 0,
    undelivered: 0,
  };
  const again = (columns: string): string => `
    WITH head AS (UPDATE audit_head SET seq = seq + 1 RETURNING seq)
    INSERT INTO audit_record SELECT (jsonb_populate_record(audit_record, to_jsonb(head) || ${columns})).*
    FROM audit_record, head WHERE audit_record.seq = 1`;

  it('nothing where nothing is wrong, and goes on from where it was', async () => {
    expect(await found()).toEqual(nothingFound);
    const { verified } = await judge.verify({ verified: fromTheBeginning });
    await client.query(rule('four'));
    await past(`DELETE FROM audit_record WHERE seq = 1`);
    const later = await judge.verify({ verified });
    expect(later.findings).toEqual({ ...nothingFound, missed: 1 });
    const whole = await judge.verify({ verified, known: { ...nothing, missed: 1 } });
    expect(whole.findings).toEqual({ ...nothingFound, missed: 1, gaps: 1 });
  });

  it.each([
    ['a change without a record', { missed: 1 }, () => client.query(rule('unrecorded'))],
    ['a removal without a record', { missed: 1 }, () => client.query(`DELETE FROM casbin_rule WHERE v0 = 'user^one'`)],
    ['a record that is gone', { missed: 1, gaps: 1 }, () => past(`DELETE FROM audit_record WHERE seq = 2`)],
    ['a record without a change', { withoutChange: 1 }, () => client.query(record('nobody'))],
    [
      'a record of what another transaction did',
      { missed: 1, withoutChange: 1 },
      () => past(`UPDATE audit_record SET xid = '3' WHERE seq = 2`),
    ],
    [
      'an event that is recorded twice',
      { withoutChange: 1, duplicates: 1 },
      () => client.query(again(`'{"outbox_id": 99, "recorded_at": "2999-01-01"}'`)),
    ],
    [
      'a place of the outbox that is recorded twice',
      { withoutChange: 1, duplicates: 1 },
      () =>
        client.query(
          again(`'{"id": "${'1'.repeat(8)}-1111-1111-1111-${'1'.repeat(12)}", "recorded_at": "2999-01-01"}'`),
        ),
    ],
    ['a seq that was given and not used', { gaps: 2 }, () => client.query(`UPDATE audit_head SET seq = seq + 2`)],
    ['a record behind the head', { gaps: 1 }, () => client.query(`UPDATE audit_head SET seq = seq - 1`)],
    [
      'a record that came before an earlier one',
      { gaps: 1 },
      () => past(`UPDATE audit_record SET recorded_at = '2001-01-01' WHERE seq = 2`),
    ],
    [
      'an answer about an event that is gone',
      { acknowledgedGone: 1 },
      () => note(acknowledgedFile, `id ${'2'.repeat(8)}-2222-2222-2222-${'2'.repeat(12)}`),
    ],
    [
      'an answer about a subject that is gone',
      { acknowledgedGone: 1 },
      () => note(acknowledgedFile, 'created user^one', 'deleted user^one'),
    ],
    [
      'a record that the follower has passed and no listener was given',
      { undelivered: 1 },
      async () => {
        note(deliveredFile, '1', '3');
        await client.query(`UPDATE audit_follower SET seq = 3`);
      },
    ],
  ])('%s', async (_, expected, plant) => {
    await plant();
    expect(await found()).toEqual({ ...nothingFound, ...expected });
  });

  it('what memory shows and the table does not hold, and the other way round', async () => {
    const table = ['one', 'two', 'three'].map((name) => JSON.stringify(['g', `user^${name}`, 'role^x']));
    const [first = '', ...others] = table;
    expect(await judge.compare(table)).toEqual({ grantsNotInTable: 0, rulesNotInMemory: 0 });
    expect(await judge.compare(others)).toEqual({ grantsNotInTable: 0, rulesNotInMemory: 1 });
    expect(await judge.compare([...table, first])).toEqual({ grantsNotInTable: 1, rulesNotInMemory: 0 });
    expect(judge.neverCommitted([...table, '["g","user^never-1","role^x"]'])).toBe(1);
    note(acknowledgedFile, 'showed user^never-2');
    expect(judge.neverCommitted(table)).toBe(1);
  });

  it('everything in its cell of the report', () => {
    const kill: Kill = {
      ...nothing,
      step: 'commit',
      fault: 'postgres',
      occurrence: 1,
      verified: fromTheBeginning,
      gaps: 2,
    };
    expect(rowsOf([kill, { ...kill, missed: 1 }])).toEqual([
      { ...nothing, step: 'commit', fault: 'postgres', kills: 2, gaps: 4, missed: 1 },
    ]);
    expect(total(sum([kill, kill]))).toBe(4);
  });

  const note = (file: string, ...lines: string[]): void => appendFileSync(join(folder, file), `${lines.join('\n')}\n`);
});
