import type { DataSource } from 'typeorm';
import { query } from '../database/query';

/** Whether the role that the app connects with could change the log after all. */
export interface AppendOnlyReport {
  readonly state: 'enforced' | 'bypassable';
  /** Why it is bypassable; empty when it is enforced. */
  readonly reasons: readonly string[];
  /** SQL that would make it enforced, to be run by a superuser or an administrator of the database. */
  readonly statements: readonly string[];
}

interface Catalog {
  readonly role: string;
  readonly database: string;
  readonly superuser: boolean;
  readonly ownsTable: boolean;
  readonly ownsSchema: boolean;
  readonly ownsDatabase: boolean;
  readonly ownsFunction: boolean;
  readonly createsRoles: boolean;
  readonly triggerAlways: boolean;
  /** TypeORM's table of migrations, which it reads at each start that runs them; `null` if there is none. */
  readonly migrations: string | null;
}

/** $1 is the name of TypeORM's table of migrations. Membership counts as ownership: a member can SET ROLE. Before PostgreSQL 16 CREATEROLE could grant itself any membership. */
const readCatalog = `
  SELECT current_user::text AS role, current_database()::text AS database, me.rolsuper AS superuser,
    pg_has_role(current_user, t.relowner, 'MEMBER') AS "ownsTable",
    pg_has_role(current_user, s.nspowner, 'MEMBER') AS "ownsSchema",
    pg_has_role(current_user, d.datdba, 'MEMBER') AS "ownsDatabase",
    coalesce((SELECT bool_or(pg_has_role(current_user, proowner, 'MEMBER')) FROM pg_proc
      WHERE proname = 'audit_record_refuse' AND pronamespace = t.relnamespace), false) AS "ownsFunction",
    me.rolcreaterole AND current_setting('server_version_num')::int < 160000 AS "createsRoles",
    EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = t.oid AND tgname = 'audit_record_append_only' AND tgenabled = 'A')
      AS "triggerAlways",
    to_regclass(quote_ident($1))::text AS migrations
  FROM pg_class t
  JOIN pg_namespace s ON s.oid = t.relnamespace
  JOIN pg_database d ON d.datname = current_database()
  JOIN pg_roles me ON me.rolname = current_user
  WHERE t.oid = to_regclass('audit_record')`;

/** Reads the catalog: is the log append-only for the role this DataSource connects with? */
export async function appendOnlyReport(dataSource: DataSource): Promise<AppendOnlyReport> {
  const { migrationsTableName = 'migrations' } = dataSource.options;
  const [catalog] = await query<Catalog>(dataSource, readCatalog, [migrationsTableName]);
  if (!catalog) return { state: 'bypassable', reasons: ['there is no table audit_record'], statements: [] };
  const reasons = reasonsOf(catalog);
  if (reasons.length === 0) return { state: 'enforced', reasons, statements: [] };
  const role = reasons.length > (catalog.triggerAlways ? 0 : 1) ? roleStatements(catalog) : [];
  return { state: 'bypassable', reasons, statements: [...(catalog.triggerAlways ? [] : triggerStatements), ...role] };
}

function reasonsOf(catalog: Catalog): string[] {
  const { role } = catalog;
  const reasons: string[] = [];
  if (!catalog.triggerAlways) reasons.push('the trigger audit_record_append_only is missing or not ENABLE ALWAYS');
  if (catalog.superuser) return [...reasons, `${role} is a superuser`];
  if (catalog.ownsTable) reasons.push(`${role} owns audit_record, or is a member of its owner`);
  if (catalog.ownsSchema) reasons.push(`${role} owns the schema of audit_record and may drop the table`);
  if (catalog.ownsDatabase) reasons.push(`${role} owns the database and may drop it`);
  if (catalog.ownsFunction) reasons.push(`${role} owns the function audit_record_refuse() and may replace it`);
  if (catalog.createsRoles) reasons.push(`${role} has CREATEROLE and may make itself a member of the owner`);
  return reasons;
}

const triggerStatements = [
  'DROP TRIGGER IF EXISTS audit_record_append_only ON audit_record',
  `CREATE TRIGGER audit_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
    FOR EACH STATEMENT EXECUTE FUNCTION audit_record_refuse()`,
  'ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_append_only',
];

/** The app gets a role that may append and read; the present one stays for migrations. */
function roleStatements({ role, database, migrations }: Catalog): string[] {
  const app = `${role}_app`;
  return [
    `CREATE ROLE ${quoted(app)} LOGIN PASSWORD '<choose one>'`,
    ...grantsFor(app, database),
    ...(migrations ? [`GRANT SELECT ON ${migrations} TO ${quoted(app)}`] : []),
    `-- then let the app connect as ${app}, and keep ${role} for migrations`,
  ];
}

/** SQL that gives a role what the app needs to use Grantlog, and nothing with which it could change the log. */
export function grantsFor(role: string, database: string): string[] {
  const app = quoted(role);
  return [
    `GRANT CONNECT ON DATABASE ${quoted(database)} TO ${app}`,
    `GRANT SELECT, INSERT ON audit_record TO ${app}`,
    `GRANT SELECT ON audit_interval, audit_interval_block TO ${app}`,
    `GRANT SELECT, UPDATE ON audit_head TO ${app}`,
    `GRANT SELECT, UPDATE (through_id) ON audit_adoption TO ${app}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON casbin_rule, audit_outbox, audit_follower, audit_parked TO ${app}`,
    `GRANT SELECT, INSERT, UPDATE ON audit_import TO ${app}`,
    `GRANT SELECT, INSERT ON audit_import_rule TO ${app}`,
    `GRANT USAGE ON SEQUENCE casbin_rule_id_seq TO ${app}`,
  ];
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
