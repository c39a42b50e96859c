import { Entity } from 'typeorm';
import { CasbinRule } from 'typeorm-adapter';

/**
 * typeorm-adapter's table with its columns. Its own entity would let `synchronize` drop the unique index, hence this one;
 * a host MUST NOT register both.
 */
@Entity({ name: 'casbin_rule', synchronize: false })
export class CasbinRuleEntity extends CasbinRule {}
