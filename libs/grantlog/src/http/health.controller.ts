import { Get, Injectable } from '@nestjs/common';
import { seesEverything } from '../contract/visible-scopes';
import { GrantlogHealth, type HealthReport } from '../health/grantlog-health';
import { healthReport } from './answer-schemas';
import { CheckedQuery } from './checked';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import { type NoQuery, noQuery } from './query-schemas';
import { Viewer } from './viewer';

@Injectable()
export class HealthController {
  constructor(
    private readonly health: GrantlogHealth,
    private readonly viewer: Viewer,
  ) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('How well changes reach the log, memory and followers', healthReport)
  async report(@CheckedQuery(noQuery) _query: NoQuery): Promise<HealthReport> {
    const visible = await this.viewer.visible();
    const report = await this.health.report();
    return seesEverything(visible) ? report : withoutErrors(report);
  }
}

const hidden = 'There are errors. They may name what lies elsewhere, and are shown to those who see every scope.';

/** The same without the words of errors: those of a listener or of the database may tell of any record. */
function withoutErrors(report: HealthReport): HealthReport {
  const without = <T extends { readonly lastError: string | null }>(part: T): T => ({
    ...part,
    lastError: part.lastError && hidden,
  });
  return {
    ...report,
    problems: report.problems.length > 0 ? [hidden] : [],
    recording: without(report.recording),
    memory: without(report.memory),
    attempts: report.attempts && without(report.attempts),
    decisions: report.decisions && without(report.decisions),
    followers: report.followers.map(without),
  };
}
