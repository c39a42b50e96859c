import { type RuleFinding, type FindingKind, findingKinds, type LogProblem } from './finding';
import type { FoundRule, Searched } from './search';

/** What a reconciliation has found, and done. */
export interface ReconcileReport {
  /** When it looked, ISO 8601 in UTC. */
  readonly at: string;
  /** The last seq of the log then. */
  readonly seq: string;
  /** Rows of casbin_rule then. */
  readonly rules: number;
  /** Whether anything was found. */
  readonly differs: boolean;
  /** How many findings there are of each kind. */
  readonly totals: Readonly<Record<FindingKind, number>>;
  /** The first ones, by rule. */
  readonly findings: readonly RuleFinding[];
  /** What is wrong with the log, or with what is derived from it. */
  readonly problems: readonly LogProblem[];
  /** Records that were written. */
  readonly recorded: number;
  /** Rules that were not recorded, because open transactions had them locked until the end. */
  readonly locked: number;
}

/** Counts findings, passes them on, and keeps the first ones. */
export class Tally {
  private readonly findings: RuleFinding[] = [];
  private readonly totals = Object.fromEntries(findingKinds.map((kind) => [kind, 0])) as Record<FindingKind, number>;

  constructor(
    private readonly limit: number,
    private readonly found?: (finding: RuleFinding) => void | Promise<void>,
  ) {}

  async hear(found: readonly FoundRule[]): Promise<void> {
    for (const { details: _, ...finding } of found) {
      this.totals[finding.kind] += 1;
      if (this.findings.length < this.limit) this.findings.push(finding);
      await this.found?.(finding);
    }
  }

  report(
    { at, seq, rules, problems }: Searched,
    { recorded, locked }: Pick<ReconcileReport, 'recorded' | 'locked'>,
  ): ReconcileReport {
    const { totals, findings } = this;
    const differs = problems.length > 0 || Object.values(totals).some((count) => count > 0);
    return { at, seq, rules, differs, totals, findings, problems, recorded, locked };
  }
}
