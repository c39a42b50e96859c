import { Get, Injectable, Param } from '@nestjs/common';
import type { AuditRecord } from '../contract/audit-record';
import { GrantlogError } from '../contract/grantlog.error';
import { KeySyntax } from '../contract/namespaced-key';
import { AuditTrail } from '../trail/audit-trail';
import type { AuditPage } from '../trail/audit-query';
import { auditRecordItem, auditRecordsPage } from './answer-schemas';
import { CheckedQuery } from './checked';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import { type AuditRecordsQuery, auditRecordsQuery, type NoQuery, noQuery } from './query-schemas';
import { type RecordItem, recordItem } from './record-item';

@Injectable()
export class AuditRecordsController {
  constructor(
    private readonly trail: AuditTrail,
    private readonly keys: KeySyntax,
  ) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('Records of the audit trail, newest first; all filters can be combined', auditRecordsPage)
  async find(
    @CheckedQuery(auditRecordsQuery) query: AuditRecordsQuery,
  ): Promise<Omit<AuditPage, 'items'> & { items: RecordItem[] }> {
    const page = await this.trail.find(query);
    return { ...page, items: page.items.map((record) => this.item(record)) };
  }

  @Get(':id')
  @NeedsPermission('audit.read')
  @Describes('One record, by the id of its event', auditRecordItem, true)
  async get(@Param('id') id: string, @CheckedQuery(noQuery) _query: NoQuery): Promise<RecordItem> {
    const record = await this.trail.get(id);
    if (!record) throw new GrantlogError('NOT_FOUND', `There is no record of an event ${id}.`);
    return this.item(record);
  }

  private item(record: AuditRecord): RecordItem {
    return recordItem(record, this.keys);
  }
}
