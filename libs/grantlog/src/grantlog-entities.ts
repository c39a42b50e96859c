import { CasbinRuleEntity } from './rules/casbin-rule.entity';
import { AuditOutboxEntity } from './outbox/audit-outbox.entity';
import { AuditRecordEntity } from './trail/audit-record.entity';

/**
 * Add these to the DataSource's `entities` to read the tables through repositories. None of them is synchronized: TypeORM
 * would drop the indexes, checks and defaults that it does not know. Writing through them is not audited.
 */
export const grantlogEntities = [CasbinRuleEntity, AuditOutboxEntity, AuditRecordEntity];
