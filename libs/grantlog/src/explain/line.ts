/** Lets a few be at work at the same time; the others wait, first come, first served. */
export class Line {
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(places: number) {
    this.free = places;
  }

  async next<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const first = this.waiting.shift(); // who leaves hands the place over, so that nobody gets in between
      if (first) first();
      else this.free += 1;
    }
  }
}
