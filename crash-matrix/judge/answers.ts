import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { acknowledgedFile, deliveredFile } from '../victim/notes';

/** What the app was told is done: events by their ids, and what happened to whom. */
export interface AnswerNotes {
  readonly ids: readonly string[];
  readonly operations: readonly string[];
  readonly subjects: readonly string[];
  /** Subjects of rules that memory showed though nobody had committed them. */
  readonly phantoms: readonly string[];
}

export function readAnswers(folder: string): AnswerNotes {
  const words = linesOf(join(folder, acknowledgedFile)).map((line) => line.split(' ') as [string, string]);
  const done = words.filter(([what]) => what === 'created' || what === 'deleted');
  return {
    ids: words.filter(([what]) => what === 'id').map(([, id]) => id),
    operations: done.map(([operation]) => operation),
    subjects: done.map(([, subject]) => subject),
    phantoms: words.filter(([what]) => what === 'showed').map(([, subject]) => subject),
  };
}

/** The seq of every record that a listener took. */
export function readDeliveries(folder: string): string[] {
  return linesOf(join(folder, deliveredFile));
}

/** Forgets what has been verified. MUST be called at rest, when all that was delivered lies behind the cursors. */
export function forgetNotes(folder: string): void {
  for (const file of [acknowledgedFile, deliveredFile]) {
    if (existsSync(join(folder, file))) truncateSync(join(folder, file));
  }
}

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}
