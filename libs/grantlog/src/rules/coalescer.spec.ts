import { setImmediate as turn } from 'node:timers/promises';
import { Coalescer } from './coalescer';

class Refused extends Error {}

/** A database whose answers are given by hand. */
class Batches {
  readonly together: { calls: readonly string[]; end: (error?: Error) => void }[] = [];
  readonly alone: { call: string; end: () => void }[] = [];
  readonly coalescer = new Coalescer<string, string>({
    keysOf: (call) => call.split(' '),
    together: (calls) =>
      new Promise((resolve, reject) =>
        this.together.push({ calls, end: (error) => (error ? reject(error) : resolve(calls)) }),
      ),
    alone: (call) => new Promise((resolve) => this.alone.push({ call, end: () => resolve(`${call}, alone`) })),
    mayRepeat: (error) => error instanceof Refused,
  });

  run(...calls: string[]): Promise<string>[] {
    return calls.map((call) => this.coalescer.run(call));
  }

  get sent(): (readonly string[])[] {
    return this.together.map(({ calls }) => calls);
  }
}

describe('Coalescer', () => {
  it('sends what comes together together, and what comes meanwhile afterwards', async () => {
    const batches = new Batches();
    const first = batches.run('a', 'b', 'c');
    await turn();
    void batches.run('d');
    await turn();
    const later = batches.run('e', 'f'); // two batches are under way
    await turn();
    expect(batches.sent).toEqual([['a', 'b', 'c'], ['d']]);
    batches.together[0]?.end();
    expect(await Promise.all(first)).toEqual(['a', 'b', 'c']);
    await turn();
    expect(batches.sent.at(-1)).toEqual(['e', 'f']);
    batches.together[2]?.end();
    expect(await Promise.all(later)).toEqual(['e', 'f']);
  });

  it('never puts two calls that touch the same into one batch, and forgets neither', async () => {
    const batches = new Batches();
    const calls = batches.run('a', 'a b', 'b', 'c');
    await turn();
    expect(batches.sent).toEqual([['a', 'b', 'c'], ['a b']]);
    batches.together.forEach(({ end }) => end());
    expect(await Promise.all(calls)).toEqual(['a', 'a b', 'b', 'c']);
  });

  it('puts at most 256 keys into a batch, and makes a larger call alone', async () => {
    const batches = new Batches();
    const keys = (prefix: string, count: number): string[] =>
      Array.from({ length: count }, (_, at) => `${prefix}${at}`);
    void batches.run(...keys('x', 300), keys('y', 257).join(' '));
    await turn();
    expect(batches.sent.map(({ length }) => length)).toEqual([256, 44]);
    expect(batches.alone).toHaveLength(1);
  });

  it('makes the calls of a refused batch alone, and with them all that touch the same until they are done', async () => {
    const batches = new Batches();
    const [a, b] = batches.run('a', 'b');
    await turn();
    batches.together[0]?.end(new Refused());
    await turn();
    expect(batches.alone.map(({ call }) => call)).toEqual(['a', 'b']);
    batches.alone[1]?.end();
    expect(await b).toBe('b, alone');
    const meanwhile = batches.run('a c', 'b');
    await turn();
    expect(batches.sent.at(-1)).toEqual(['b']);
    batches.alone[0]?.end();
    await turn();
    expect(batches.alone.map(({ call }) => call)).toEqual(['a', 'b', 'a c']);
    batches.alone[2]?.end();
    batches.together[1]?.end();
    expect(await Promise.all([a, ...meanwhile])).toEqual(['a, alone', 'a c, alone', 'b']);
    void batches.run('a', 'c');
    await turn();
    expect(batches.sent.at(-1)).toEqual(['a', 'c']);
  });

  it('makes the calls that are made alone for one key one after the other', async () => {
    const batches = new Batches();
    const [first] = batches.run('a');
    await turn();
    batches.together[0]?.end(new Refused());
    await turn();
    const others = batches.run('a', 'a b', 'c');
    await turn();
    expect(batches.alone.map(({ call }) => call)).toEqual(['a']);
    batches.alone[0]?.end();
    expect(await first).toBe('a, alone');
    await turn();
    expect(batches.alone.map(({ call }) => call)).toEqual(['a', 'a']);
    batches.alone[1]?.end();
    await turn();
    batches.alone[2]?.end();
    batches.together[1]?.end();
    expect(await Promise.all(others)).toEqual(['a, alone', 'a b, alone', 'c']);
  });

  it('does not wait for ever for batches whose connection hangs', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    try {
      const batches = new Batches();
      void batches.run('hangs');
      await turn();
      void batches.run('hangs too');
      await turn();
      const [next] = batches.run('next');
      await turn();
      expect(batches.sent).toHaveLength(2);
      jest.advanceTimersByTime(200);
      await turn();
      expect(batches.sent.at(-1)).toEqual(['next']);
      batches.together.forEach(({ end }) => end());
      expect(await next).toBe('next');
    } finally {
      jest.useRealTimers();
    }
  });

  it('repeats nothing whose outcome is unknown', async () => {
    const batches = new Batches();
    const calls = batches.run('a', 'b').map((call) => call.catch((error: unknown) => String(error)));
    await turn();
    batches.together[0]?.end(new Error('lost'));
    expect(await Promise.all(calls)).toEqual(['Error: lost', 'Error: lost']);
    expect(batches.alone).toEqual([]);
  });
});
