import { join } from 'node:path';
import { Writable } from 'node:stream';
import { runProgram } from '../../libs/grantlog/src/cli/program';
import type { Terminal } from '../../libs/grantlog/src/cli/terminal';
import { ended, type Ended } from './program';

/** Collects what is written. */
class Paper extends Writable {
  text = '';

  constructor(readonly isTTY: boolean) {
    super({ decodeStrings: false });
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface CliOptions {
  readonly env?: Terminal['env'];
  /** Whether somebody looks at stderr. */
  readonly isTTY?: boolean;
  /** Is aborted as by a signal to the process. */
  readonly signal?: AbortSignal;
}

/** Runs the command line in this process. */
export async function cli(
  url: string,
  args: readonly string[],
  { env, isTTY = false, signal = new AbortController().signal }: CliOptions = {},
): Promise<Ended> {
  const [stdout, stderr] = [new Paper(isTTY), new Paper(isTTY)];
  const surroundings = { stdout, stderr, env: { DATABASE_URL: url, ...env }, signal };
  const code = await runProgram(args, surroundings);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** What starts the command line as a process of its own: `spawn(process.execPath, cliArguments(…), { env: cliEnvironment(url) })`. */
export function cliArguments(...args: string[]): string[] {
  const main = join(__dirname, '..', '..', 'libs', 'grantlog', 'src', 'cli', 'main.ts');
  return ['-r', join(__dirname, 'typescript.cjs'), main, ...args];
}

export function cliEnvironment(url: string, env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: url, ...env };
}

/** Runs the command line in a process of its own, to its end. */
export function cliProcess(url: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return ended(process.execPath, cliArguments(...args), {
    cwd: join(__dirname, '..', '..'),
    env: cliEnvironment(url, env),
    limit: 60_000,
  });
}
