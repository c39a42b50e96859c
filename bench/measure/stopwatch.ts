/** Counts from now on. */
export class Stopwatch {
  private readonly start = performance.now();

  /** How many of `count` went by in a second. */
  rate(count: number): number {
    return count / ((performance.now() - this.start) / 1000);
  }
}
