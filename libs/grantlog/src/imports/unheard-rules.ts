import type { DataSource } from 'typeorm';
import type { Attributor } from '../context/attributor';
import { runAs } from '../context/run-as';
import type { RuleShape } from '../rules/rule-shape';
import { tellUnheard } from '../rules/rule-statements';

export interface UnheardRulesParts {
  readonly dataSource: DataSource;
  readonly attributor: Attributor;
  /** Of every policy type of the model. */
  readonly shapes: readonly RuleShape[];
  readonly separator: string;
}

/**
 * Records, as created by `system^import`, rules of the table that were written past Grantlog since it was adopted or since the last
 * time: an app that builds its enforcer adds rules to it before that is taken over. Nodes that start at once do it one after the other.
 * @returns how many there were
 */
export async function recordUnheard(parts: UnheardRulesParts, reason: string): Promise<number> {
  const { separator } = parts;
  const { actor, operationId, ...from } = runAs(`system${separator}import`, () => parts.attributor.attribute(reason), {
    separator,
  });
  const attribution = [actor, from.reason, operationId, from.requestId, from.sourceIp, from.userAgent];
  return parts.dataSource.transaction('READ COMMITTED', async (manager) => {
    const [looked] = await manager.query<{ through: string }[]>(
      'SELECT through_id::text AS through FROM audit_adoption FOR UPDATE',
    );
    await manager.query(
      'UPDATE audit_adoption SET through_id = greatest(through_id, (SELECT coalesce(max(id), 0) FROM casbin_rule))',
    );
    let recorded = 0;
    for (const shape of parts.shapes) {
      const parameters = [...attribution, shape.ptype, looked?.through ?? '0'];
      recorded += (await manager.query<unknown[]>(tellUnheard(shape), parameters)).length;
    }
    return recorded;
  });
}
