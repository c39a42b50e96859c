/** The command line or a setting cannot be used. The message names it and says what it must be. */
export class UsageError extends Error {}
