/**
 * `concurrency` callers, each of which waits for the answer before it makes its next call, until `calls` were made in all.
 * Rejects with the first fault.
 */
export async function closedLoops(
  concurrency: number,
  calls: number,
  call: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < calls) await call(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
}
