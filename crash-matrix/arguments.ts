import { parseArgs } from 'node:util';
import { CrashMatrixError } from './crash-matrix.error';

export interface Arguments {
  readonly help: boolean;
  /** Print the matrix as JSON on stdout. */
  readonly json: boolean;
  /** Forget earlier runs. */
  readonly fresh: boolean;
  /** How many kills there are to be, those of earlier runs included. */
  readonly kills: number;
  readonly state: string;
  readonly seed: number;
}

const options = {
  kills: { type: 'string', default: '100' },
  state: { type: 'string', default: '.crash-matrix' },
  seed: { type: 'string', default: '1' },
  fresh: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export const usage = `npm run crash-matrix -- [options]

Kills the app, PostgreSQL or their connection at each step of a change (docs/flow.md), lets them recover, and counts what is
lost. A run that was ended goes on where it stood.

  --kills N    kills in all, those of earlier runs included (default: ${options.kills.default})
  --fresh      forget earlier runs
  --json       print the matrix on stdout, as a JSON array (npm prints its own lines there unless called with
               --silent: npm run --silent crash-matrix -- --json)
  --seed N     decides which occurrence of a step is struck (default: ${options.seed.default})
  --state DIR  folder of the cluster and of the kills so far (default: ${options.state.default})
  --help       print this

Ends with 0 if nothing is lost, with 3 if something is, with 2 if called wrongly. It brings its own PostgreSQL.
`;

/** @throws CrashMatrixError naming what is not known, and what is */
export function readArguments(words: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true });
  const unknown = [
    ...positionals,
    ...Object.keys(values)
      .filter((name) => !(name in options))
      .map(dashed),
  ];
  if (unknown.length > 0) {
    throw new CrashMatrixError(
      `Unknown: ${unknown.join(', ')}. Options: ${Object.keys(options).map(dashed).join(', ')}.`,
    );
  }
  return {
    help: flag('help', values.help),
    json: flag('json', values.json),
    fresh: flag('fresh', values.fresh),
    kills: readNumber('kills', values.kills),
    state: readText('state', values.state),
    seed: readNumber('seed', values.seed),
  };
}

type Value = string | boolean | undefined;

function flag(name: string, value: Value): boolean {
  if (typeof value === 'string') throw new CrashMatrixError(`--${name} takes no value; got ${value}.`);
  return value ?? false;
}

function readText(name: string, value: Value): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new CrashMatrixError(`--${name} needs a value.`);
}

function readNumber(name: string, value: Value): number {
  if (typeof value === 'string' && /^\d{1,6}$/.test(value)) return Number(value);
  throw new CrashMatrixError(`--${name} must be a number from 0 to 999999; got ${String(value)}.`);
}

function dashed(name: string): string {
  return `--${name}`;
}
