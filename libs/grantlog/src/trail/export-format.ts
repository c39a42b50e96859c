import { stringify } from 'csv-stringify/sync';
import { InvalidInputError } from '../contract/grantlog.error';
import type { RecordItem } from './record-item';

export const exportFormats = ['ndjson', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** The fields of an item in their order. */
const columns = [
  'seq',
  'id',
  'type',
  'operation',
  'outcome',
  'occurredAt',
  'recordedAt',
  'actor',
  'subject',
  'role',
  'scope',
  'subjectDisplay',
  'roleDisplay',
  'scopeDisplay',
  'reason',
  'requestId',
  'operationId',
  'sourceIp',
  'userAgent',
  'details',
] as const satisfies readonly (keyof RecordItem)[];

/**
 * Where a spreadsheet could take text for the beginning of a formula: at the beginning of a cell, and after what separates cells where
 * lists are not separated by commas, since a program that reads the file with another separator cuts it there.
 * Blanks and characters that are not seen may come before it.
 */
const formula = /(^|[;|\t\r\n])(?=[\s\p{Cf}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/gu;

/** How records become text. */
export interface Writer {
  readonly contentType: string;
  /** What comes before the first record. */
  readonly head: string;
  readonly write: (items: readonly RecordItem[]) => string;
}

const writers: Readonly<Record<ExportFormat, Writer>> = {
  ndjson: {
    contentType: 'application/x-ndjson; charset=utf-8',
    head: '',
    write: (items) => items.map((item) => `${JSON.stringify(item)}\n`).join(''),
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: csv([columns]),
    write: (items) => csv(items.map((item) => columns.map((column) => item[column]))),
  },
};

/** @throws InvalidInputError for another format */
export function writerOf(format: ExportFormat): Writer {
  if (exportFormats.includes(format)) return writers[format];
  throw new InvalidInputError('format', `must be one of ${exportFormats.join(', ')}`);
}

/** RFC 4180. A text that could be taken for a formula gets an apostrophe, which spreadsheets take for: this is text. */
function csv(rows: readonly (readonly unknown[])[]): string {
  return stringify(rows as unknown[][], {
    record_delimiter: 'windows',
    escape_formulas: true, // of what begins with a tab or a line end, too
    cast: {
      string: (value) => value.replace(formula, "$1'"),
      object: (value) => JSON.stringify(value).replace(formula, "$1'"),
    },
  });
}
