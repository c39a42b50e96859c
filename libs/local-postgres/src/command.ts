/** The user that PostgreSQL runs as. `uid` and `gid` are unset when that is simply the current user. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
  /** Put before a command line, it makes the change of user; without it, `spawn` gets `uid` and `gid`. */
  readonly prefix: readonly string[];
}

/** Only these variables reach PostgreSQL: PG* ones would steer it, and others may be secrets of the application. */
const PASSED_ON = ['PATH', 'TZ', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];

export interface Command {
  readonly file: string;
  readonly args: string[];
  readonly options: { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number };
}

/** A command line run as `account`. LC_ALL keeps messages in English, because some of them are recognised. */
export function commandAs(account: Account, program: string, args: readonly string[]): Command {
  const [file = program, ...rest] = [...account.prefix, program, ...args];
  const env: NodeJS.ProcessEnv = { LC_ALL: 'C' };
  for (const name of PASSED_ON) if (process.env[name] !== undefined) env[name] = process.env[name];
  // The current folder may be closed to the account.
  const options = { cwd: '/', env };
  if (account.prefix.length > 0) return { file, args: rest, options };
  return { file, args: rest, options: { ...options, uid: account.uid, gid: account.gid } };
}
