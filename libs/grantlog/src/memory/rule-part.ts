import type { DataSource, FindOptionsWhere } from 'typeorm';
import type { CasbinRule } from 'typeorm-adapter';
import { GrantlogError, InvalidInputError } from '../contract/grantlog.error';
import { ruleColumns } from '../rules/rule';

/** What typeorm-adapter takes as a filter: TypeORM's conditions on the columns of its table; of several, one must hold. */
export type LoadFilter = FindOptionsWhere<CasbinRule> | FindOptionsWhere<CasbinRule>[];

/** The part of the table that a filter selects, as SQL that answers its rows. */
export interface RulePart {
  readonly filters: readonly LoadFilter[];
  readonly rows: string;
  readonly parameters: readonly unknown[];
}

/**
 * The rows that match at least one of the filters.
 * @throws InvalidInputError if TypeORM does not understand a filter
 */
export function partOf(dataSource: DataSource, filters: readonly LoadFilter[]): RulePart {
  const table = dataSource.entityMetadatas.find(({ tableName }) => tableName === 'casbin_rule');
  if (!table) {
    throw new GrantlogError(
      'INVALID_INPUT',
      'filter: TypeORM does not know casbin_rule; add grantlogEntities to the entities of the DataSource',
    );
  }
  for (const filter of filters) {
    if (typeof (filter ?? {}) !== 'object')
      throw new InvalidInputError('filter', `must be an object; got a ${typeof filter}`);
  }
  const where = filters.flat().filter((filter) => Object.keys(filter ?? {}).length > 0);
  const everything = filters.some((filter) => [filter].flat().length === 0) || where.length < filters.flat().length;
  try {
    const builder = dataSource.getRepository(table.target).createQueryBuilder('rule').select('rule.id', 'id');
    for (const column of ['ptype', ...ruleColumns]) builder.addSelect(`rule.${column}`, column);
    const [rows, parameters] = builder.setFindOptions(everything ? {} : { where }).getQueryAndParameters();
    return { filters, rows, parameters };
  } catch (error) {
    throw new InvalidInputError('filter', error instanceof Error ? error.message : String(error));
  }
}
