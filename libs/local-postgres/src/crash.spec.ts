import { join } from 'node:path';
import { ask, clearScratch, connect, scratch, startBusyBackend } from '../test/scratch';
import { startLocalPostgres } from './index';
import { worksIn } from './postmaster';
import { until } from './until';

const ROUNDS = 4;
const WRITERS = 4;
const ENTRIES = 200;

afterAll(clearScratch);

it(`after ${ROUNDS} kills under load PostgreSQL starts again with every confirmed write`, async () => {
  const dataDir = await scratch();
  const data = join(dataDir, 'cluster', 'data');
  const confirmed = new Set<string>();
  let postgres = await startLocalPostgres({ dataDir });
  await ask(postgres.url, 'CREATE TABLE entry (name text PRIMARY KEY)');

  for (let round = 0; round < ROUNDS; round++) {
    const busy = await startBusyBackend(postgres.url);
    const goal = confirmed.size + ENTRIES;
    const writers = Array.from({ length: WRITERS }, (_, n) => write(postgres.url, `${round}-${n}`, confirmed));
    expect(await until(async () => confirmed.size >= goal, 10_000)).toBe(true);
    process.kill(postgres.pid, 'SIGKILL');
    expect(await until(async () => !(await worksIn(postgres.pid, data)), 5_000)).toBe(true);
    // It does not look after its postmaster while it computes, and would hold the shared memory block for ever.
    expect(await worksIn(busy, data)).toBe(true);

    postgres = await startLocalPostgres({ dataDir });

    expect(postgres.adopted).toBe(false);
    expect(await worksIn(busy, data)).toBe(false);
    await Promise.all(writers);
    const names = JSON.stringify([...confirmed]);
    const found = await ask(
      postgres.url,
      `SELECT count(*)::int FROM entry JOIN jsonb_array_elements_text('${names}') AS confirmed ON name = confirmed`,
    );
    expect(found).toBe(confirmed.size);
  }
});

/** Writes until the connection breaks. */
async function write(url: string, writer: string, confirmed: Set<string>): Promise<void> {
  const client = await connect(url);
  const broken = new Promise<false>((resolve) => client.once('end', () => resolve(false)));
  for (let n = 0; ; n++) {
    const name = `${writer}-${n}`;
    const insert = client.query('INSERT INTO entry VALUES ($1)', [name]).then(
      () => true,
      () => false,
    );
    if (!(await Promise.race([insert, broken]))) return;
    confirmed.add(name);
  }
}
