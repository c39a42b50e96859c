/** Asks something of a value that anybody may have made: one that throws at it (a getter, a Proxy) gives no answer. */
export function answerOf<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch {
    return undefined;
  }
}
