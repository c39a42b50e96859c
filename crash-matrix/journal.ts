import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell } from './cells';
import type { Findings } from './findings';
import { fromTheBeginning, type Verified } from './judge/ledger';

/** One fault, and what was found after it. */
export interface Kill extends Cell, Findings {
  readonly occurrence: number;
  /** Up to where the judge has compared. */
  readonly verified: Verified;
}

export const journalFile = 'kills.jsonl';

/** The kills so far, a line each: what a later run goes on from. */
export class Journal {
  private readonly path: string;
  private readonly lines: Kill[];

  constructor(state: string) {
    this.path = join(state, journalFile);
    this.lines = existsSync(this.path) ? readFileSync(this.path, 'utf8').split('\n').flatMap(killOf) : [];
  }

  get kills(): readonly Kill[] {
    return this.lines;
  }

  get verified(): Verified {
    return this.lines.at(-1)?.verified ?? fromTheBeginning;
  }

  add(kill: Kill): void {
    appendFileSync(this.path, `${JSON.stringify(kill)}\n`);
    this.lines.push(kill);
  }
}

/** A line that was being written when everything ended tells nothing, and its kill is made again. */
function killOf(line: string): Kill[] {
  try {
    return [JSON.parse(line) as Kill];
  } catch {
    return [];
  }
}
