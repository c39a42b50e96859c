import { Get, Injectable, Param, Req, Res, type StreamableFile } from '@nestjs/common';
import type { AuditRecord } from '../contract/audit-record';
import { GrantlogError } from '../contract/grantlog.error';
import { KeySyntax } from '../contract/namespaced-key';
import { RecordedReads } from '../reads/recorded-reads';
import { AuditTrail } from '../trail/audit-trail';
import type { AuditPage } from '../trail/audit-query';
import type { Histogram } from '../trail/histogram-query';
import type { KeySuggestion, NamespacesInUse } from '../trail/suggestion-query';
import {
  auditHistogram,
  auditRecordItem,
  auditRecordsPage,
  exportedRecords,
  keySuggestions,
  namespacesInUse,
} from './answer-schemas';
import { CheckedQuery } from './checked';
import { asksForHeaders, exportedFile, type FileRequest, type FileResponse } from './exported-file';
import { Describes, Produces } from './openapi';
import { NeedsPermission } from './permission';
import {
  type AuditRecordsQuery,
  auditRecordsQuery,
  type ExportQuery,
  exportQuery,
  histogramQuery,
  type HistogramQueryParameters,
  type NoQuery,
  noQuery,
  type SuggestionsQuery,
  suggestionsQuery,
} from './query-schemas';
import { type RecordItem, recordItem } from '../trail/record-item';
import { Viewer } from './viewer';

@Injectable()
export class AuditRecordsController {
  constructor(
    private readonly trail: AuditTrail,
    private readonly keys: KeySyntax,
    private readonly viewer: Viewer,
    private readonly reads: RecordedReads,
  ) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('Records of the audit trail, newest first; all filters can be combined', auditRecordsPage)
  async find(
    @CheckedQuery(auditRecordsQuery) query: AuditRecordsQuery,
  ): Promise<Omit<AuditPage, 'items'> & { items: RecordItem[] }> {
    const page = await this.trail.find(query, { visible: await this.viewer.visible() });
    await this.reads.read('records', query);
    return { ...page, items: page.items.map((record) => this.item(record)) };
  }

  /** Stands before the route of one record, as do those below, which would take the word for an id. */
  @Get('histogram')
  @NeedsPermission('audit.read')
  @Describes('How many records there are in each hour, day or month; all filters can be combined', auditHistogram)
  async histogram(@CheckedQuery(histogramQuery) query: HistogramQueryParameters): Promise<Histogram> {
    const histogram = await this.trail.histogram(query, { visible: await this.viewer.visible() });
    const { by: _, timeZone: __, ...filters } = query; // the same records are read, however they are shown
    await this.reads.read('records', filters);
    return histogram;
  }

  /** Leaves no record of reading: it tells which kinds of keys there are, and no event. */
  @Get('namespaces')
  @NeedsPermission('audit.read')
  @Describes('The namespaces of the keys in the log', namespacesInUse)
  async namespaces(@CheckedQuery(noQuery) _query: NoQuery): Promise<NamespacesInUse> {
    return this.trail.namespaces({ visible: await this.viewer.visible() });
  }

  /**
   * Leaves no record of reading: one for each letter that somebody types would drown the log, and those that count come with the query they
   * are typed for.
   */
  @Get('suggestions')
  @NeedsPermission('audit.read')
  @Describes('Keys in the log that begin with a word', keySuggestions)
  async suggestions(@CheckedQuery(suggestionsQuery) query: SuggestionsQuery): Promise<{ items: KeySuggestion[] }> {
    return { items: await this.trail.suggestions(query, { visible: await this.viewer.visible() }) };
  }

  @Get('export')
  @NeedsPermission('audit.read')
  @Describes(
    'Records as a file, oldest first, up to the moment in the header Grantlog-Closed-Through; an answer that is cut off is not whole',
    exportedRecords,
  )
  @Produces('application/x-ndjson', 'text/csv')
  async export(
    @CheckedQuery(exportQuery) { format, ...query }: ExportQuery,
    @Req() request: FileRequest,
    @Res({ passthrough: true }) response: FileResponse,
  ): Promise<StreamableFile> {
    const exported = await this.trail.export(query, { format, visible: await this.viewer.visible() });
    if (!asksForHeaders(request)) await this.reads.exported('records', { ...query, format });
    return exportedFile(exported, request, response);
  }

  @Get(':id')
  @NeedsPermission('audit.read')
  @Describes('One record, by the id of its event', auditRecordItem, true)
  async get(@Param('id') id: string, @CheckedQuery(noQuery) _query: NoQuery): Promise<RecordItem> {
    const record = await this.trail.get(id, { visible: await this.viewer.visible() });
    if (!record) throw new GrantlogError('NOT_FOUND', `There is no record of an event ${id}.`);
    await this.reads.read('records', { id: record.id });
    return this.item(record);
  }

  private item(record: AuditRecord): RecordItem {
    return recordItem(record, this.keys);
  }
}
