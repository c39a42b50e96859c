import { type Enforcer, newEnforcer } from 'casbin';
import { type DataSource, type DataSourceOptions, Column, Entity } from 'typeorm';
import { DataSource as TypeOrmDataSource } from 'typeorm';
import TypeORMAdapter, { CasbinRule } from 'typeorm-adapter';
import { scopedModel } from './models';

/** typeorm-adapter's table as a host has it that gave it columns of its own. */
@Entity({ name: 'casbin_rule' })
export class HostRule extends CasbinRule {
  @Column({ type: 'timestamptz', default: () => `'2020-01-02T03:04:05Z'` })
  addedAt!: Date;

  @Column({ type: 'varchar', nullable: true })
  ticket!: string | null;
}

/** An app of before: Casbin with typeorm-adapter, which knows nothing of Grantlog. */
export interface LegacyApp {
  readonly dataSource: DataSource;
  readonly enforcer: Enforcer;
  close(): Promise<void>;
}

/** Starts such an app, and creates its table if it is not there. */
export async function startLegacyApp(url: string): Promise<LegacyApp> {
  const options: DataSourceOptions = { type: 'postgres', url, entities: [HostRule] };
  const dataSource = await new TypeOrmDataSource(options).initialize();
  const [table] = await dataSource.query<{ there: boolean }[]>(
    `SELECT to_regclass('casbin_rule') IS NOT NULL AS there`,
  );
  if (!table?.there) await dataSource.synchronize();
  const adapter = await TypeORMAdapter.newAdapter({ connection: dataSource }, { customCasbinRuleEntity: HostRule });
  const enforcer = await newEnforcer(scopedModel(), adapter);
  return { dataSource, enforcer, close: () => dataSource.destroy() };
}

/** Everything that there is to see of the table: rows, columns and indexes. */
export async function tableAsItIs(dataSource: DataSource): Promise<unknown> {
  const questions = [
    `SELECT * FROM casbin_rule ORDER BY id`,
    `SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns
     WHERE table_name = 'casbin_rule' ORDER BY column_name`,
    `SELECT indexdef FROM pg_indexes WHERE tablename = 'casbin_rule' ORDER BY indexdef`,
  ];
  return Promise.all(questions.map((question) => dataSource.query<unknown>(question)));
}

/** Fills the table past every enforcer with assignments of readers, one scope each. */
export async function fillTable(dataSource: DataSource, rows: number): Promise<void> {
  await dataSource.query(
    `INSERT INTO casbin_rule (ptype, v0, v1, v2)
     SELECT 'g', 'user^' || n % 100, 'role^reader', 'lib^' || n FROM generate_series(1, $1::int) AS n`,
    [rows],
  );
}
