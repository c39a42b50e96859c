import { parseArgs } from 'node:util';
import { BenchError } from './bench.error';
import { sizes } from './sizes';

export interface Arguments {
  readonly help: boolean;
  /** Print the results as JSON on stdout. */
  readonly json: boolean;
  /** Scenarios to run; all of them if not given. */
  readonly only: ReadonlySet<string>;
  readonly rounds: number | undefined;
  /** Assignments that both tables hold already, in the scenarios of single changes. */
  readonly resident: number;
}

const options = {
  json: { type: 'boolean' },
  only: { type: 'string' },
  rounds: { type: 'string' },
  resident: { type: 'string', default: String(sizes.changes.resident) },
  help: { type: 'boolean' },
} as const;

/** The scenarios there are, and those that are run unless others are named. */
export interface Choice {
  readonly all: readonly string[];
  readonly usual: readonly string[];
}

export const usage = ({ all, usual }: Choice): string => `npm run bench -- [options]

  --json        print the results on stdout, as a JSON array (npm prints its own lines there unless called
                with --silent: npm run --silent bench -- --json)
  --only a,b    run these scenarios only
  --rounds N    rounds of every scenario, instead of its own number
  --resident N  assignments that both tables hold already when single changes are measured (default: ${sizes.changes.resident})
  --help        print this

Scenarios: ${usual.join(', ')}
Only when named, because Casbin alone takes minutes: ${all.filter((name) => !usual.includes(name)).join(', ')}
DATABASE_URL names the server to run on; else an embedded one is started.
`;

/** @throws BenchError naming what is not known, and what is */
export function readArguments(words: readonly string[], choice: Choice): Arguments {
  const { values, positionals } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true });
  const unknown = [
    ...positionals,
    ...Object.keys(values)
      .filter((name) => !(name in options))
      .map(dashed),
  ];
  if (unknown.length > 0) {
    throw new BenchError(`Unknown: ${unknown.join(', ')}. Options: ${Object.keys(options).map(dashed).join(', ')}.`);
  }
  return {
    help: flag('help', values.help),
    json: flag('json', values.json),
    only: new Set(readOnly(values.only, choice)),
    rounds: values.rounds === undefined ? undefined : readNumber('rounds', values.rounds, 1, 999),
    resident: readNumber('resident', values.resident, 0, 100_000),
  };
}

type Value = string | boolean | undefined;

function flag(name: string, value: Value): boolean {
  if (typeof value === 'string') throw new BenchError(`--${name} takes no value; got ${value}.`);
  return value ?? false;
}

function readOnly(value: Value, { all, usual }: Choice): readonly string[] {
  if (value === undefined) return usual;
  const names = String(value === true ? '' : value)
    .split(',')
    .map((name) => name.trim());
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length === 0) return names;
  throw new BenchError(`Unknown scenario: ${unknown.join(', ') || '(none given)'}. Scenarios: ${all.join(', ')}.`);
}

function readNumber(name: string, value: Value, least: number, most: number): number {
  const number = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : NaN;
  if (number >= least && number <= most) return number;
  throw new BenchError(`--${name} must be a number from ${least} to ${most}; got ${String(value)}.`);
}

function dashed(name: string): string {
  return `--${name}`;
}
