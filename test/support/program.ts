import { execFile, type ExecFileException } from 'node:child_process';

export interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which it is ended, and has failed. */
  readonly limit: number;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is. Rejects if it cannot be started or does not end in time. */
export function ended(file: string, args: readonly string[], { cwd, env, limit }: RunOptions): Promise<Ended> {
  const options = { cwd, env: env ?? process.env, timeout: limit, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(new Error(`${[file, ...args].join(' ')} ${whatHappened(error, limit)}\n${stdout}${stderr}`));
    });
  });
}

/** Runs a program that must succeed. @returns what it printed on stdout */
export async function output(file: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await ended(file, args, options);
  if (code === 0) return stdout;
  throw new Error(`${[file, ...args].join(' ')} ended with code ${code}\n${stdout}${stderr}`);
}

function whatHappened(error: ExecFileException | null, limit: number): string {
  if (error?.killed) return `was ended after ${limit} ms`;
  return error?.message ?? 'ended for no known reason';
}
