import type { Command } from 'commander';
import type { DataSource } from 'typeorm';
import type { KeySyntax } from '../contract/namespaced-key';
import { type AuditTrail } from '../trail/audit-trail';
import type { ExitCode } from './exit-codes';
import type { Output } from './output';
import type { Settings } from './settings';
import type { Terminal } from './terminal';

/** What a command works with, once it is connected. */
export interface Session {
  readonly dataSource: DataSource;
  readonly keys: KeySyntax;
  readonly trail: AuditTrail;
  readonly output: Output;
  readonly settings: Settings;
  readonly terminal: Terminal;
  /** Says on stderr how long work goes on, if somebody looks there: on a terminal. */
  readonly progress: (line: string) => void;
  /** Says on stderr what belongs to the answer and is not part of it. */
  readonly note: (line: string) => void;
}

/** What a command does. `options` are its own ones, as commander reads them; `operands` its arguments, in their order. */
export type Handler<Options> = (session: Session, options: Options, ...operands: string[]) => Promise<ExitCode>;

/** Makes an action for commander of what a command does. */
export type Run = <Options>(handler: Handler<Options>) => (this: Command) => Promise<void>;

/** Adds a command to the program, as `commands/records.ts` does. */
export type AddsCommand = (program: Command, run: Run) => void;
