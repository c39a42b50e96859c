import { Get, Injectable } from '@nestjs/common';
import { GrantlogHealth, type HealthReport } from '../health/grantlog-health';
import { healthReport } from './answer-schemas';
import { CheckedQuery } from './checked';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import { type NoQuery, noQuery } from './query-schemas';

@Injectable()
export class HealthController {
  constructor(private readonly health: GrantlogHealth) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('How well changes reach the log, memory and followers', healthReport)
  report(@CheckedQuery(noQuery) _query: NoQuery): Promise<HealthReport> {
    return this.health.report();
  }
}
