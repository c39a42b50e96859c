import { InvalidArgumentError, Option } from 'commander';
import type { AuditExport } from '../../trail/audit-export';
import type { AuditFilter } from '../../trail/audit-query';
import { type ExportFormat, exportFormats } from '../../trail/export-format';
import { exitCodes } from '../exit-codes';
import { writeFile } from '../export-file';
import { recordFilterOf, withRecordFilters } from '../record-filters';
import type { AddsCommand, Session } from '../session';

interface Options extends AuditFilter {
  readonly format: ExportFormat;
  readonly output?: string;
}

/** `grantlog export`: all records that match, oldest first, as far as the log is closed. */
export const exportRecords: AddsCommand = (program, run) => {
  withRecordFilters(
    program.command('export').description('writes records of the audit log to a file or to stdout, oldest first'),
  )
    .addOption(
      new Option('--format <format>', 'an item of JSON on each line, or CSV').choices(exportFormats).default('ndjson'),
    )
    .option('--output <file>', 'is there as a whole or not at all. Default: stdout', filePath)
    .action(
      run<Options>(async (session, { format, output: path, ...options }) => {
        const { trail, terminal, output, note } = session;
        const exported = await trail.export(recordFilterOf(options), { format });
        if (path === undefined) await writeParts(session, exported, (part) => output.write(part));
        else await writeFile(path, terminal, (write) => writeParts(session, exported, write));
        if (output.isClosed) return exitCodes.cutOff;
        note(`${exported.recordCount} records; the log is closed through ${exported.closedThrough}`);
        return exitCodes.fine;
      }),
    );
};

function filePath(value: string): string {
  if (value !== '') return value;
  throw new InvalidArgumentError('must be the path of a file.');
}

/** Milliseconds between two lines that say how far it has come. */
const pause = 1_000;

async function writeParts(
  { output, progress }: Session,
  exported: AuditExport,
  write: (part: string) => Promise<void>,
): Promise<void> {
  let lastSaid = performance.now();
  for await (const part of exported) {
    await write(part);
    if (output.isClosed) return;
    if (performance.now() - lastSaid < pause) continue;
    lastSaid = performance.now();
    progress(`${exported.recordCount.toLocaleString('en-US')} records`);
  }
}
