import { counted } from '../../migrations/adoption-progress';
import type { FindingKind, LogProblem, RuleFinding } from '../../reconcile/finding';
import { reconcile as reconciled } from '../../reconcile/reconcile';
import type { ReconcileReport } from '../../reconcile/reconcile-report';
import { exitCodes } from '../exit-codes';
import type { Output } from '../output';
import { printable } from '../printable';
import type { AddsCommand } from '../session';
import { modelOption, type ModelOptions } from '../settings';
import { UsageError } from '../usage.error';

interface Options extends ModelOptions {
  readonly record?: true;
  readonly reason?: string;
}

/** Nobody reads the findings any more, and nothing but telling them was to be done. */
class ReaderGone extends Error {}

/** `grantlog reconcile`: what was changed past Grantlog, each finding as soon as it is read; with `--record` it is put into the log. */
export const reconcile: AddsCommand = (program, run) => {
  program
    .command('reconcile')
    .description('names every change of casbin_rule that the log does not tell of, and ends with 3 if there is one')
    .option('--record', 'write the missing records, as system^reconcile')
    .option('--reason <text>', 'why, for these records')
    .addOption(modelOption())
    .action(
      run<Options>(async ({ dataSource, output, settings, progress }, { record = false, reason }) => {
        if (reason !== undefined && !record) throw new UsageError('--reason is for records: give --record, too');
        const [separator, model] = [settings.separator, settings.model()];
        const told = new Findings(output, record);
        const found = (finding: RuleFinding): Promise<void> => told.tell(finding);
        try {
          const report = await reconciled(dataSource, { record, reason, separator, model, limit: 0, found, progress });
          await told.end(report);
          return report.differs ? exitCodes.finding : exitCodes.fine;
        } catch (error) {
          if (error instanceof ReaderGone) return exitCodes.cutOff;
          throw error;
        }
      }),
    );
};

/** As JSON all of it is one object, written piece by piece: there may be a million findings. */
class Findings {
  private count = 0;

  constructor(
    private readonly output: Output,
    private readonly records: boolean,
  ) {}

  async tell(finding: RuleFinding): Promise<void> {
    if (this.output.isClosed && !this.records) throw new ReaderGone();
    const before = this.count === 0 ? '{"findings":[' : ',';
    this.count += 1;
    await this.output.write(this.output.json ? before + JSON.stringify(finding) : `${printable(lineOf(finding))}\n`);
  }

  async end({ findings: _, ...report }: ReconcileReport): Promise<void> {
    const begun = this.count === 0 ? '{"findings":[' : '';
    if (this.output.json) await this.output.write(`${begun}],${JSON.stringify(report).slice(1)}\n`);
    else await this.output.show(report, () => summaryOf(report, this.records));
  }
}

/** What is to be done about findings of each kind. */
const remedies: Readonly<Record<FindingKind, string>> = {
  inserted: 'grantlog reconcile --record puts it into the log; remove what should not be there through the app',
  deleted: 'grantlog reconcile --record puts it into the log; assign again through the app what should be there',
  copied: 'grantlog adopt folds the copies',
  gapped: 'no call can remove such a row: delete it in SQL, and assign the rule through the app',
  malformed: 'mend or delete the row in SQL',
};

const recordable: ReadonlySet<FindingKind> = new Set(['inserted', 'deleted'] as const);

function lineOf(finding: RuleFinding): string {
  const { kind, ptype, rule, rowId, rows } = finding;
  const row = rowId === null ? '' : ` (row ${rowId}${rows > 1 ? ` and ${counted(rows - 1, 'other')}` : ''})`;
  return `${kind.padEnd(9)} ${oneLine([ptype ?? 'NULL', ...rule].join(', '))}${row}: ${toldOf(finding)}`;
}

function toldOf({ kind, told }: RuleFinding): string {
  if (kind === 'copied') return 'the table holds it more than once';
  if (kind === 'gapped') return 'a column is empty before one that is not';
  if (!told) return 'no record tells of it';
  const { operation, seq, recordedAt } = told;
  return `${operation} says ${seq === null ? 'the event in the outbox' : `seq ${seq}, recorded at ${recordedAt}`}`;
}

function oneLine(text: string): string {
  return text.replaceAll('\n', '\\u000a');
}

function summaryOf(report: Omit<ReconcileReport, 'findings'>, records: boolean): string {
  const { at, seq, rules, differs, totals, problems, recorded, locked } = report;
  const kinds = (Object.keys(totals) as FindingKind[]).filter(
    (kind) => totals[kind] > 0 && !(records && recordable.has(kind)),
  );
  const told = kinds.map((kind) => `${totals[kind]} ${kind}: ${remedies[kind]}`);
  const lines = [
    `${counted(rules, 'row')} of casbin_rule compared with the log up to seq ${seq} at ${at}: ${differs ? 'they differ' : 'nothing differs'}`,
    ...(records ? [`${counted(recorded, 'record')} written`] : []),
    ...told,
    ...(locked > 0 ? [`${counted(locked, 'rule')} locked by open transactions until the end: run it again`] : []),
    ...problems.map(({ problem, remedy }: LogProblem) => `problem: ${problem}. Remedy: ${remedy}`),
  ];
  return lines.join('\n');
}
