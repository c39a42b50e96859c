export interface CoalescerOptions<Call, Answer> {
  /** What a call touches. Calls that touch the same thing never share a batch. */
  readonly keysOf: (call: Call) => readonly string[];
  /** Does everything or nothing, waiting for nobody for long. Answers in the order of the calls. */
  readonly together: (calls: readonly [Call, ...Call[]]) => Promise<readonly Answer[]>;
  readonly alone: (call: Call) => Promise<Answer>;
  /** Whether a batch that failed has changed nothing for certain, so that its calls may be made again. Must not throw. */
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
/** Milliseconds after which a batch that has not ended, because its connection hangs, is not waited for any more. */
const longestHold = 200;

/**
 * Lets concurrent calls share batches, without one of them holding or failing its neighbours: if a batch is refused, each of
 * its calls is made again on its own, outside of the queue, and so is every call that touches the same until that is done.
 */
export class Coalescer<Call, Answer> {
  private queue: Waiting<Call, Answer>[] = [];
  private running = 0;
  private scheduled = false;
  /** By key, the end of the last call that is made on its own. */
  private readonly apart = new Map<string, Promise<void>>();

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
    const leave = this.enter();
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
      leave();
    }
  }

  /** A batch counts as under way until it has ended, or has taken so long that others shall not wait for it. */
  private enter(): () => void {
    this.running += 1;
    let counts = true;
    const leave = (): void => {
      clearTimeout(timer);
      if (counts) this.running -= 1;
      counts = false;
      this.schedule();
    };
    const timer = setTimeout(leave, longestHold).unref();
    return leave;
  }

  /** After the calls before it that touch the same: many calls for one locked key hold one connection, not all of them. */
  private async alone(call: Call, keys: readonly string[]): Promise<Answer> {
    const before = Promise.all(keys.flatMap((key) => this.apart.get(key) ?? []));
    const answer = before.then(() => this.options.alone(call));
    const done = answer.then(ignore, ignore);
    for (const key of keys) this.apart.set(key, done);
    try {
      return await answer;
    } finally {
      for (const key of keys) if (this.apart.get(key) === done) this.apart.delete(key);
    }
  }
}

function ignore(): void {
  // Whoever made the call hears how it ended.
}
