import { Get, Injectable } from '@nestjs/common';
import { KeySyntax } from '../contract/namespaced-key';
import { Explainer } from '../explain/explainer';
import { RecordedReads } from '../reads/recorded-reads';
import { CheckedQuery } from './checked';
import { type ExplanationItem, explanationItem } from '../explain/explanation-item';
import { explanation } from './explanation-schema';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import { explainQuery, type ExplainQueryParameters } from './query-schemas';
import { Viewer } from './viewer';

@Injectable()
export class ExplainController {
  constructor(
    private readonly explainer: Explainer,
    private readonly viewer: Viewer,
    private readonly keys: KeySyntax,
    private readonly reads: RecordedReads,
  ) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('Why enforce(subject, action, scope) allows or denies, now or in the past', explanation, true)
  async explain(@CheckedQuery(explainQuery) asked: ExplainQueryParameters): Promise<ExplanationItem> {
    const visible = await this.viewer.visible();
    const explained = await this.explainer.explain(asked, { visible });
    await this.reads.read('explanations', asked);
    return explanationItem(explained, this.keys);
  }
}
