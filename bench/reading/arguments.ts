import { parseArgs } from 'node:util';
import { BenchError } from '../bench.error';

/** What is measured, in this order. */
export const groups = ['singles', 'rare', 'pairs', 'prefixes', 'past', 'sizes', 'inserts'] as const;
export type Group = (typeof groups)[number];

export interface ReadingArguments {
  readonly help: boolean;
  /** Print the results as JSON on stdout. */
  readonly json: boolean;
  readonly rows: number;
  readonly only: ReadonlySet<Group>;
}

const options = {
  json: { type: 'boolean', default: false },
  rows: { type: 'string', default: '1000000' },
  only: { type: 'string', default: groups.join() },
  help: { type: 'boolean', default: false },
} as const;

export const usage = `npm run bench:read -- [options]

  --rows N      records in the log, from 10,000 to 20,000,000 (default: 1,000,000)
  --only a,b    measure these groups only: ${groups.join(', ')}
  --json        print the results on stdout, as a JSON array (npm prints its own lines there unless called
                with --silent: npm run --silent bench:read -- --json)
  --help        print this

DATABASE_URL names the server to run on; else an embedded one is started. 10,000,000 records take some 25 GB and half an hour.
`;

/** @throws BenchError naming what is not known, and what is */
export function readArguments(words: readonly string[]): ReadingArguments {
  const { help, json, rows, only } = parsed(words);
  const count = /^\d{1,8}$/.test(rows) ? Number(rows) : NaN;
  if (!(count >= 10_000 && count <= 20_000_000)) {
    throw new BenchError(`--rows must be a number from 10000 to 20000000; got ${rows}.`);
  }
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !(groups as readonly string[]).includes(name));
  if (unknown.length > 0) throw new BenchError(`Unknown group: ${unknown.join(', ')}. Groups: ${groups.join(', ')}.`);
  return { help, json, rows: count, only: new Set(names as Group[]) };
}

function parsed(words: readonly string[]): { help: boolean; json: boolean; rows: string; only: string } {
  try {
    return parseArgs({ args: [...words], options }).values;
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
}
