export interface CoalescerOptions<Call, Answer> {
  /** What a call touches. Calls that touch the same thing never share a batch. */
  readonly keysOf: (call: Call) => readonly string[];
  /** Does everything or nothing, waiting for nobody for long. Answers in the order of the calls. */
  readonly together: (calls: readonly [Call, ...Call[]]) => Promise<readonly Answer[]>;
  readonly alone: (call: Call) => Promise<Answer>;
  /** Whether a batch that failed has changed nothing for certain, so that its calls may be made again. */
  readonly mayRepeat: (error: unknown) => boolean;
}

interface Waiting<Call, Answer> {
  readonly call: Call;
  readonly keys: readonly string[];
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (error: unknown) => void;
}

/** Keys in one batch. */
const mostKeys = 256;
/** Batches under way at once. While they are, the calls that arrive gather for the next. */
const mostBatches = 2;

/**
 * Lets concurrent calls share batches, without one of them holding or failing its neighbours: if a batch is refused, each of
 * its calls is made again on its own, outside of the queue, and so is every call that touches the same until that is done.
 */
export class Coalescer<Call, Answer> {
  private queue: Waiting<Call, Answer>[] = [];
  private running = 0;
  private scheduled = false;
  /** How many calls are being made on their own, by key. */
  private readonly apart = new Map<string, number>();

  constructor(private readonly options: CoalescerOptions<Call, Answer>) {}

  run(call: Call): Promise<Answer> {
    const keys = this.options.keysOf(call);
    if (keys.length > mostKeys) return this.options.alone(call);
    if (keys.some((key) => this.apart.has(key))) return this.alone(call, keys);
    return new Promise((resolve, reject) => {
      this.queue.push({ call, keys, resolve, reject });
      this.schedule();
    });
  }

  /** When the present task has ended, in which more calls may come. */
  private schedule(): void {
    if (this.scheduled || this.queue.length === 0 || this.running >= mostBatches) return;
    this.scheduled = true;
    process.nextTick(() => {
      this.scheduled = false;
      while (this.queue.length > 0 && this.running < mostBatches) void this.start(this.take());
    });
  }

  private take(): Waiting<Call, Answer>[] {
    const taken = new Set<string>();
    const batch: Waiting<Call, Answer>[] = [];
    const left: Waiting<Call, Answer>[] = [];
    for (const waiting of this.queue) {
      const { keys } = waiting;
      const fits = taken.size + keys.length <= mostKeys && !keys.some((key) => taken.has(key));
      (fits ? batch : left).push(waiting);
      if (fits) for (const key of keys) taken.add(key);
    }
    this.queue = left;
    return batch;
  }

  private async start(batch: readonly Waiting<Call, Answer>[]): Promise<void> {
    const [first, ...others] = batch;
    if (!first) return;
    this.running += 1;
    try {
      const answers = await this.options.together([first.call, ...others.map(({ call }) => call)]);
      batch.forEach(({ resolve }, at) => resolve(answers[at] as Answer));
    } catch (error) {
      const repeat = this.options.mayRepeat(error);
      for (const { call, keys, resolve, reject } of batch) {
        if (repeat) resolve(this.alone(call, keys));
        else reject(error);
      }
    } finally {
      this.running -= 1;
      this.schedule();
    }
  }

  private async alone(call: Call, keys: readonly string[]): Promise<Answer> {
    for (const key of keys) this.apart.set(key, (this.apart.get(key) ?? 0) + 1);
    try {
      return await this.options.alone(call);
    } finally {
      for (const key of keys) {
        const others = (this.apart.get(key) ?? 1) - 1;
        if (others > 0) this.apart.set(key, others);
        else this.apart.delete(key);
      }
    }
  }
}
