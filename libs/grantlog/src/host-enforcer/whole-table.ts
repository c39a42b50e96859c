import type { Adapter } from 'casbin';
import type { EntityMetadata } from 'typeorm';
import TypeORMAdapter from 'typeorm-adapter';
import { InvalidInputError } from '../contract/grantlog.error';
import { prototypesOf } from './casbin-classes';

/** The methods of typeorm-adapter by which it reads the table. */
const reading = ['loadPolicy', 'loadPolicyLine', 'getRepository', 'getCasbinRuleConstructor'];

/** typeorm-adapter's own class that an adapter is of, recognised by its name too: the host may have another copy of it. */
export function typeormAdapterClass(adapter: Adapter): object | undefined {
  const types = prototypesOf(adapter);
  if (types.includes(TypeORMAdapter.prototype)) return TypeORMAdapter.prototype;
  return types.findLast(({ constructor }) => constructor.name === TypeORMAdapter.name);
}

/**
 * Makes sure that an adapter reads every row of its table as it stands there, as Grantlog does. A row that it leaves out grants
 * nothing now, and would from then on.
 * @throws InvalidInputError naming what leaves rows out
 */
export function assertReadsAll(adapter: Adapter, entity: EntityMetadata): void {
  const own = typeormAdapterClass(adapter);
  const changed = reading.find((name) => own && Reflect.get(adapter, name) !== Reflect.get(own, name));
  if (changed !== undefined) {
    throw new InvalidInputError(
      'enforcer',
      `has an adapter with a ${changed}() of its own, so that it may hold other rules than casbin_rule; Grantlog reads every row. ` +
        "Use typeorm-adapter's own, and let a function in the matcher decide, or remove what shall not be granted",
    );
  }
  const column = hidingColumn(entity);
  if (column === undefined) return;
  throw new InvalidInputError(
    'enforcer',
    `has an adapter whose entity ${entity.name} leaves rows out or reads them otherwise (${column}); Grantlog reads every row as it ` +
      'is. Remove the rows that shall not be granted, and that from the entity; the column itself may stay in the table',
  );
}

/** What of an entity makes TypeORM leave rows out, or change what it reads. */
function hidingColumn(entity: EntityMetadata): string | undefined {
  const { deleteDateColumn, discriminatorColumn, columns, afterLoadListeners } = entity;
  const column = deleteDateColumn ?? discriminatorColumn ?? columns.find(({ transformer }) => transformer);
  return column?.propertyName ?? afterLoadListeners[0]?.propertyName;
}
