import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Cell, nameOf, steps, underWay } from './cells';
import { sum } from './findings';
import { Journal, journalFile, type Kill } from './journal';
import { forgetNotes } from './judge/answers';
import { seeded, upTo } from './random';
import { Recovery } from './recovery';
import { KilledServer } from './server';
import { acknowledgedFile, deliveredFile } from './victim/notes';
import { VictimProcess } from './victim-process';

export interface MatrixOptions {
  /** Folder of the cluster and of all that a later run goes on from. */
  readonly state: string;
  readonly cells: readonly Cell[];
  /** Decides which occurrence of a step is struck, and how long a statement has been under way. */
  readonly seed: number;
  /** Milliseconds after which what has not recovered counts as that. Default: 60,000 */
  readonly patience?: number;
  /** What node needs to run our files; nothing for compiled ones. */
  readonly nodeOptions: readonly string[];
  /** Hears of every kill, and of what hindered it. */
  readonly onKill: (kill: Kill, number: number) => void;
  readonly onTrouble: (trouble: string) => void;
}

const patience = 60_000;
/** Longest time that a statement is under way before the fault, in microseconds: longer than most take. */
const longestUnderWay = 1_500;
const logFile = 'victim.log';

/** Forgets earlier runs, and removes nothing else from the folder. A PostgreSQL that runs there is ended. */
export async function beginAnew(state: string): Promise<void> {
  mkdirSync(state, { recursive: true });
  const server = await KilledServer.open(state);
  await server.stop();
  for (const name of ['server', journalFile, acknowledgedFile, deliveredFile, logFile]) {
    rmSync(join(state, name), { recursive: true, force: true });
  }
}

/** Strikes at each cell in turn, and judges after each kill. */
export class Matrix {
  private victim: VictimProcess | undefined;
  /** Has loaded its code already, for the moment when the victim dies. */
  private spare: VictimProcess | undefined;
  private running: Promise<void> | undefined;
  private isOver = false;

  private constructor(
    private readonly options: MatrixOptions,
    private readonly server: KilledServer,
    private readonly journal: Journal,
    private readonly log: number,
  ) {}

  static async open(options: MatrixOptions): Promise<Matrix> {
    mkdirSync(options.state, { recursive: true });
    const server = await KilledServer.open(options.state);
    return new Matrix(options, server, new Journal(options.state), openSync(join(options.state, logFile), 'a'));
  }

  get kills(): readonly Kill[] {
    return this.journal.kills;
  }

  /** Goes on until there are so many kills, those of earlier runs included. After the last one everything is compared again. */
  async run(kills: number): Promise<void> {
    this.running = this.killUntil(kills);
    await this.running;
  }

  /** Ends the app and PostgreSQL; what they have written stays. May be called in the middle of a run, which then fails. */
  async close(): Promise<void> {
    this.isOver = true;
    await this.endAll();
    await this.running?.catch(() => undefined); // whoever runs it is told
    await this.endAll(); // what it has started meanwhile
    closeSync(this.log);
  }

  private async endAll(): Promise<void> {
    await Promise.all([this.victim?.kill(), this.spare?.kill(), this.server.stop()]);
  }

  private async killUntil(kills: number): Promise<void> {
    while (this.kills.length < kills) {
      if (this.isOver) throw new Error('The run was ended.');
      const kill = await this.kill(this.nextCell(), this.kills.length + 1 === kills);
      this.journal.add(kill);
      if (kill.notRecovered === 0) forgetNotes(this.options.state);
      this.options.onKill(kill, this.kills.length);
    }
  }

  /** The one with the fewest kills. */
  private nextCell(): Cell {
    const times = new Map<string, number>();
    for (const kill of this.kills) times.set(nameOf(kill), (times.get(nameOf(kill)) ?? 0) + 1);
    const [first, ...others] = this.options.cells;
    if (!first) throw new TypeError('a matrix has cells');
    const timesOf = (cell: Cell): number => times.get(nameOf(cell)) ?? 0;
    return others.reduce((least, cell) => (timesOf(cell) < timesOf(least) ? cell : least), first);
  }

  private async kill(cell: Cell, isLast: boolean): Promise<Kill> {
    const number = this.kills.length;
    const random = seeded(this.options.seed * 1_000_003 + number);
    const occurrence = upTo(steps[cell.step], random);
    const microseconds = underWay.has(cell.step) ? Math.floor(random() * longestUnderWay) : 0;
    const recovery = this.recovery();
    const victim = (this.victim ??= await recovery.start(this.takeSpare()));
    victim.order({ ...cell, order: 'trap', occurrence, microseconds, load: `${number}-${Date.now()}` });
    const { findings, verified, survivor } = await recovery.from(cell, victim, {
      verified: this.journal.verified,
      known: isLast ? sum(this.kills) : undefined,
    });
    this.victim = survivor;
    return { ...cell, occurrence, ...findings, verified };
  }

  private recovery(): Recovery {
    const { state, onTrouble } = this.options;
    return new Recovery({
      server: this.server,
      notes: state,
      spare: () => this.takeSpare(),
      patience: this.options.patience ?? patience,
      isOver: () => this.isOver,
      onTrouble,
    });
  }

  private takeSpare(): VictimProcess {
    const { nodeOptions } = this.options;
    const taken = this.spare ?? new VictimProcess({ nodeOptions, log: this.log });
    this.spare = new VictimProcess({ nodeOptions, log: this.log });
    return taken;
  }
}
