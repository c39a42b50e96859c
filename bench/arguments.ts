import { parseArgs } from 'node:util';
import { BenchError } from './bench.error';

export interface Arguments {
  readonly help: boolean;
  /** Print the results as JSON on stdout. */
  readonly json: boolean;
  /** Scenarios to run; all of them if not given. */
  readonly only: ReadonlySet<string>;
  readonly rounds: number | undefined;
}

const options = {
  json: { type: 'boolean' },
  only: { type: 'string' },
  rounds: { type: 'string' },
  help: { type: 'boolean' },
} as const;

export const usage = (scenarios: readonly string[]): string => `npm run bench -- [options]

  --json        print the results on stdout, as a JSON array (npm prints its own lines there unless called
                with --silent: npm run --silent bench -- --json)
  --only a,b    run these scenarios only
  --rounds N    rounds of every scenario, instead of its own number
  --help        print this

Scenarios: ${scenarios.join(', ')}
DATABASE_URL names the server to run on; else an embedded one is started.
`;

/** @throws BenchError naming what is not known, and what is */
export function readArguments(words: readonly string[], scenarios: readonly string[]): Arguments {
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
    only: new Set(readOnly(values.only, scenarios)),
    rounds: readRounds(values.rounds),
  };
}

type Value = string | boolean | undefined;

function flag(name: string, value: Value): boolean {
  if (typeof value === 'string') throw new BenchError(`--${name} takes no value; got ${value}.`);
  return value ?? false;
}

function readOnly(value: Value, scenarios: readonly string[]): readonly string[] {
  if (value === undefined) return scenarios;
  const names = String(value === true ? '' : value)
    .split(',')
    .map((name) => name.trim());
  const unknown = names.filter((name) => !scenarios.includes(name));
  if (unknown.length === 0) return names;
  throw new BenchError(
    `Unknown scenario: ${unknown.join(', ') || '(none given)'}. Scenarios: ${scenarios.join(', ')}.`,
  );
}

function readRounds(value: Value): number | undefined {
  if (value === undefined) return undefined;
  const rounds = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (rounds < 1) throw new BenchError(`--rounds must be a number from 1 to 999; got ${String(value)}.`);
  return rounds;
}

function dashed(name: string): string {
  return `--${name}`;
}
