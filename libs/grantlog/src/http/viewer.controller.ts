import { Get, Injectable } from '@nestjs/common';
import { managing, viewing } from './answer-schemas';
import { CheckedQuery } from './checked';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import { type NoQuery, noQuery } from './query-schemas';
import { Viewer } from './viewer';

/** Tells a page who looks at it and what it can offer them. */
@Injectable()
export class ViewerController {
  constructor(private readonly viewer: Viewer) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('Who reads: the key that would be the actor of a change', viewing)
  async read(@CheckedQuery(noQuery) _query: NoQuery): Promise<{ viewer: string | null }> {
    await this.viewer.visible(); // whoever cannot be told where they may see is not told who they are, either
    return { viewer: this.viewer.key() };
  }

  /** Answers nobody else: the guards of the host refuse them. */
  @Get('manages')
  @NeedsPermission('roles.manage')
  @Describes('Whether the caller may assign and remove roles: 403 if not', managing)
  manages(@CheckedQuery(noQuery) _query: NoQuery): { manages: true } {
    return { manages: true };
  }
}
