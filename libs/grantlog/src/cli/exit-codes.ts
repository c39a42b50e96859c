/** What the process says to whoever started it. A shell adds 128 and the number of a signal that ended it: 130 after Ctrl-C. */
export const exitCodes = {
  fine: 0,
  error: 1,
  /** The command line, a value on it or a setting is wrong; nothing was done. */
  usage: 2,
  /** The command did its work and found something that somebody has to look at. */
  finding: 3,
  /** Whoever read the output went away before its end: what a shell says of SIGPIPE. */
  cutOff: 141,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
