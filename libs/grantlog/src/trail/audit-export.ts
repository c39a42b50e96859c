import { Readable } from 'node:stream';
import type { AuditRecord } from '../contract/audit-record';
import type { KeySyntax } from '../contract/namespaced-key';
import type { ReadOptions } from '../contract/visible-scopes';
import { type ExportFormat, writerOf } from './export-format';
import { recordItem } from './record-item';

export interface ExportOptions extends ReadOptions {
  /** `ndjson`: an item as the API shows it on each line; `csv`: the same for spreadsheets. Default: `'ndjson'` */
  readonly format?: ExportFormat;
}

export interface AuditExportParts {
  readonly format: ExportFormat;
  readonly closedThrough: string;
  readonly keys: KeySyntax;
  /** The records, oldest first, some at a time; begins anew with each call. */
  readonly batches: () => AsyncIterable<readonly AuditRecord[]>;
}

/**
 * Records as text, oldest first. It holds what was recorded up to `closedThrough` and nothing later, so that a window that ends there gives
 * the same bytes each time, from every node. Records are read when somebody asks for more: whoever stops reading stops the queries, and
 * between them no connection is held.
 */
export class AuditExport implements AsyncIterable<string> {
  readonly format: ExportFormat;
  /** Everything recorded up to this moment is there for good. What was recorded later is not exported. */
  readonly closedThrough: string;
  private count = 0;

  /** @internal */
  constructor(private readonly parts: AuditExportParts) {
    this.format = parts.format;
    this.closedThrough = parts.closedThrough;
  }

  get contentType(): string {
    return writerOf(this.format).contentType;
  }

  /** Tells how far it reaches, too: `audit-records-20260131T093000Z.csv`. */
  get fileName(): string {
    return `audit-records-${this.closedThrough.replace(/\.\d+|[-:]/g, '')}.${this.format}`;
  }

  /** Records that the last reader has taken so far. */
  get recordCount(): number {
    return this.count;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    const { head, write } = writerOf(this.format);
    let before = head; // together with the first records: who has the first part knows that the log can be read
    this.count = 0;
    for await (const records of this.parts.batches()) {
      this.count += records.length;
      yield before + write(records.map((record) => recordItem(record, this.parts.keys)));
      before = '';
    }
    if (before) yield before;
  }

  /**
   * The same as a stream of bytes, when its beginning is there. Destroy it to stop before the end; it is destroyed with the error if the log
   * cannot be read any further.
   */
  async stream(): Promise<Readable> {
    const parts = this[Symbol.asyncIterator]();
    const first = await parts.next();
    const all = async function* (): AsyncGenerator<string> {
      if (first.done) return;
      yield first.value;
      yield* parts;
    };
    return Readable.from(all(), { objectMode: false });
  }
}
