const longest = 5 * 60_000;

/** Repeats a step after each `interval` (milliseconds) while the page is seen; after an error it waits longer each time. */
export function repeatWhileSeen(step: () => Promise<void>, interval: number, signal: AbortSignal): void {
  let wait = interval;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const plan = (milliseconds: number): void => {
    clearTimeout(timer);
    if (!document.hidden && !signal.aborted) timer = setTimeout(run, milliseconds);
  };
  const run = (): void => {
    step().then(
      () => plan((wait = interval)),
      () => plan((wait = Math.min(wait * 2, longest))),
    );
  };
  document.addEventListener('visibilitychange', () => plan(wait === interval ? 0 : wait), { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  plan(interval);
}
