import { Get, Injectable } from '@nestjs/common';
import { GrantlogHealth, type HealthReport } from '../health/grantlog-health';
import { healthReport } from './answer-schemas';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';

@Injectable()
export class HealthController {
  constructor(private readonly health: GrantlogHealth) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('How well changes reach the log, memory and followers', healthReport)
  report(): Promise<HealthReport> {
    return this.health.report();
  }
}
