const longest = 1_000;

/** What an error says, for a column and a person to read. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.replaceAll('\0', '').slice(0, longest).toWellFormed();
}
