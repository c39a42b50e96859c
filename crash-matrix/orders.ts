import type { Cell } from './cells';

/** Where PostgreSQL is at present. */
export interface Server {
  readonly port: number;
  /** The pid of its postmaster. */
  readonly postmaster: number;
}

export interface Start {
  readonly order: 'start';
  readonly server: Server;
  readonly url: string;
  /** Folder for what has to survive the victim. */
  readonly notes: string;
}

/** A fault at the `occurrence`-th time that the step is reached from now on. */
export interface Trap extends Cell {
  readonly order: 'trap';
  readonly occurrence: number;
  /** How long a statement has been under way when the fault comes. */
  readonly microseconds: number;
  /** Makes the names of this load's rules its own. */
  readonly load: string;
}

/** What the victim is told. */
export type Order =
  | Start
  | Trap
  | { readonly order: 'server'; readonly server: Server }
  /** Rest as soon as this many more acts have succeeded. */
  | { readonly order: 'rest'; readonly after: number }
  | { readonly order: 'tell-memory' };

/** A rule with its policy type, as text that equals that of the same rule only. */
export type RuleText = string;

/** What the victim says. */
export type Word =
  | { readonly said: 'loaded' }
  | { readonly said: 'ready' }
  /** The backends whose connections were cut. */
  | { readonly said: 'struck'; readonly backends: readonly number[] }
  | { readonly said: 'resting' }
  | { readonly said: 'memory'; readonly rules: readonly RuleText[] };

export const applicationName = 'crash-matrix victim';

/** Subjects whose changes are always rolled back: nobody may ever see them. */
export const neverCommitted = 'user^never-';
