import { Sweep } from './sweep';

describe('Sweep', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const rounds: number[] = [];
  let sweep: Sweep;
  /** A sweep whose rounds take 10 ms and are woken in the middle, every one of them. */
  function start(mostBusy?: number): void {
    rounds.length = 0;
    const begun = performance.now();
    const step = async (): Promise<void> => {
      rounds.push(performance.now() - begun);
      await jest.advanceTimersByTimeAsync(10);
      sweep.wake();
    };
    sweep = new Sweep({ step, interval: 1_000, mostBusy, onFailure: () => undefined });
    sweep.start();
  }

  it('rests as long as it was told to between rounds, however often it is woken', async () => {
    start(1 / 3);
    while (rounds.length < 4) await jest.advanceTimersByTimeAsync(1);
    expect(rounds.map(Math.round)).toEqual([0, 30, 60, 90]);
    void sweep.stop();
  });

  it('rests for 100 ms at most, however long a round has taken', async () => {
    start(1 / 100);
    while (rounds.length < 3) await jest.advanceTimersByTimeAsync(1);
    expect(rounds.map(Math.round)).toEqual([0, 110, 220]);
    void sweep.stop();
  });

  it('does not let those wait who ask for a round now', async () => {
    start(1 / 100);
    await jest.advanceTimersByTimeAsync(20);
    expect(rounds).toHaveLength(1);
    const asked = sweep.now();
    await jest.advanceTimersByTimeAsync(0);
    await asked;
    expect(rounds.length).toBeGreaterThanOrEqual(2);
    void sweep.stop();
  });
});
