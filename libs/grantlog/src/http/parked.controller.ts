import { Get, HttpCode, HttpStatus, Injectable, Param, Post, UseGuards } from '@nestjs/common';
import { Followers } from '../followers/followers';
import type { ParkedPage } from '../followers/parked-records';
import { parkedPage, retryOutcome } from './answer-schemas';
import { CheckedQuery } from './checked';
import { Describes } from './openapi';
import { fromOwnPages } from './own-pages.guard';
import { NeedsPermission } from './permission';
import { type NoQuery, noQuery, parkedQuery, type ParkedQuery } from './query-schemas';
import { Viewer } from './viewer';

@Injectable()
export class ParkedController {
  constructor(
    private readonly followers: Followers,
    private readonly viewer: Viewer,
  ) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('Records that listeners and sinks could not take, latest first', parkedPage)
  async find(@CheckedQuery(parkedQuery) query: ParkedQuery): Promise<ParkedPage> {
    return this.followers.parked(query, { visible: await this.viewer.visible() });
  }

  @Post(':id/retry')
  @HttpCode(HttpStatus.OK)
  @NeedsPermission('roles.manage')
  @UseGuards(fromOwnPages)
  @Describes('Delivers a parked record once more', retryOutcome, true)
  async retry(
    @Param('id') id: string,
    @CheckedQuery(noQuery) _query: NoQuery,
  ): Promise<{ delivered: boolean; error: string | null }> {
    return this.followers.retry(id, { visible: await this.viewer.visible() });
  }
}
