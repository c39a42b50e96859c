import { Get, HttpCode, HttpStatus, Injectable, Param, Post, Query } from '@nestjs/common';
import { Followers } from '../followers/followers';
import type { ParkedPage } from '../followers/parked-records';
import { parkedPage, retryOutcome } from './answer-schemas';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import { type NoQuery, noQuery, parkedQuery, type ParkedQuery } from './query-schemas';
import { SchemaPipe } from './schema.pipe';

@Injectable()
export class ParkedController {
  constructor(private readonly followers: Followers) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('Records that listeners and sinks could not take, latest first', parkedPage)
  find(@Query({ schema: parkedQuery, pipes: [new SchemaPipe(parkedQuery)] }) query: ParkedQuery): Promise<ParkedPage> {
    return this.followers.parked(query);
  }

  @Post(':id/retry')
  @HttpCode(HttpStatus.OK)
  @NeedsPermission('roles.manage')
  @Describes('Delivers a parked record once more', retryOutcome, true)
  retry(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [new SchemaPipe(noQuery)] }) _query: NoQuery,
  ): Promise<{ delivered: boolean; error: string | null }> {
    return this.followers.retry(id);
  }
}
