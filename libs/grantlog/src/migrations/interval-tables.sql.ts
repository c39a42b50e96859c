import { blockBits } from '../contract/interval-block';

/**
 * Since when until when each rule was in force, as the log tells: an index of the log, derived from it and from nothing else.
 *
 * from_seq: the record that created the rule; to_seq: the one that ended it, NULL while it is in force. A rule that was deleted and whose
 * creation no record tells of has from_seq = to_seq. until is to_seq as a bound that every index holds: what holds at a seq is what began
 * at it or before and has a greater `until`, and what has ended is passed over without looking at its row.
 */
const createIntervals = `
  CREATE TABLE audit_interval (
    from_seq bigint PRIMARY KEY,
    to_seq bigint CHECK (to_seq >= from_seq),
    until bigint NOT NULL GENERATED ALWAYS AS (coalesce(to_seq, 9223372036854775807)) STORED,
    ptype text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    role text COLLATE "C",
    scope text COLLATE "C",
    scope_namespace text COLLATE "C",
    rule_hash bigint NOT NULL
  )`;

/**
 * When the last interval ends of those that began in a block of 2,048 seqs: of all of a policy type, and of the assignments of a role and of
 * a namespace, which may be millions. Whole blocks that have ended are passed over: a page costs the same after a mass revocation.
 */
const createBlocks = `
  CREATE TABLE audit_interval_block (
    led_by text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    block bigint NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (led_by, key, block)
  ) WITH (fillfactor = 50)`; // it is updated in place

export const createIntervalTable = `${createIntervals}; ${createBlocks}`;

/** In each of these, newest first is one range, whatever of it has ended. Only the first one is for policies and groupings, too. */
export const createIntervalIndexes = `
  CREATE INDEX audit_interval_open ON audit_interval (rule_hash) WHERE to_seq IS NULL;
  CREATE INDEX audit_interval_ptype ON audit_interval (ptype, from_seq, until);
  CREATE INDEX audit_interval_subject ON audit_interval (subject, from_seq, until) WHERE ptype = 'g';
  CREATE INDEX audit_interval_role ON audit_interval (role, from_seq, until) WHERE ptype = 'g';
  CREATE INDEX audit_interval_scope ON audit_interval (scope, from_seq, until) WHERE ptype = 'g';
  CREATE INDEX audit_interval_scope_namespace ON audit_interval (scope_namespace, from_seq, until) WHERE ptype = 'g'`;

const columns = ['from_seq', 'to_seq', 'ptype', 'subject', 'role', 'scope', 'scope_namespace', 'rule_hash'];

/** The columns by which blocks are kept, and which intervals have them. */
const leaders = [
  { led_by: 'ptype', condition: 'true' },
  { led_by: 'role', condition: `ptype = 'g'` },
  { led_by: 'scope_namespace', condition: `ptype = 'g'` },
];

/** The changes of rules among some records, each with the next and the previous one of the same rule. */
const changesIn = (records: string): string => `
  SELECT seq, operation, details, subject, role, scope, scope_namespace, hashtextextended(details::text, 0) AS rule_hash,
    lead(seq) OVER same AS next_seq, lag(operation) OVER same AS previous
  FROM ${records} WHERE outcome = 'success' AND operation IN ('created', 'deleted')
  WINDOW same AS (PARTITION BY hashtextextended(details::text, 0), details ORDER BY seq)`;

/** The interval that a change begins or, if none tells of its creation, the empty one in which it was deleted. */
const intervalOf = `
  seq AS from_seq, CASE WHEN operation = 'deleted' THEN seq ELSE next_seq END AS to_seq,
  details ->> 'ptype' AS ptype, subject, role, scope, scope_namespace, rule_hash`;

/** The blocks of some intervals, anew. What goes on is met at the first look: it is mostly what came last. */
const blocksOf = (intervals: string): string => `
  SELECT led_by, key, block, last.until
  FROM (${leaders
    .map(
      ({ led_by, condition }) => `
    SELECT '${led_by}' AS led_by, ${led_by} AS key, from_seq >> ${blockBits} AS block
    FROM ${intervals} AS interval WHERE ${condition} AND ${led_by} IS NOT NULL`,
    )
    .join(' UNION ')}) AS changed
  CROSS JOIN LATERAL (${leaders.map(lastOf).join(' UNION ALL ')}) AS last`;

function lastOf({ led_by, condition }: (typeof leaders)[number]): string {
  const within = `${condition} AND (interval.${led_by}, interval.from_seq) >= (changed.key, changed.block << ${blockBits})
    AND (interval.${led_by}, interval.from_seq) < (changed.key, (changed.block + 1) << ${blockBits})`;
  return `
    SELECT coalesce(
      (SELECT until FROM audit_interval AS interval WHERE ${within} AND until = 9223372036854775807
        ORDER BY ${led_by} DESC, from_seq DESC LIMIT 1),
      (SELECT max(until) FROM audit_interval AS interval WHERE ${within})) AS until
    WHERE changed.led_by = '${led_by}'`;
}

/**
 * Follows each append in its transaction, whoever appends. It runs as its owner, so that the app needs no right to change what the log
 * says, and for this one table only: a trigger of somebody else's table must not write here. A created rule that was in force
 * according to the log ends the interval of before: it was taken away past Grantlog. What is there already is left as it is: the data of
 * a dump may come back in any order. Without statistics, and for batches of any size, only the way through the index is right.
 */
export const createIntervalFunction = (schema: string): string => `
  CREATE OR REPLACE FUNCTION audit_interval_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = ${schema}, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET plan_cache_mode = force_generic_plan SET jit = off AS $$
  DECLARE
    changed bigint[];
  BEGIN
    IF TG_RELID IS DISTINCT FROM to_regclass('audit_record') THEN
      RAISE EXCEPTION 'audit_interval_follow() is the trigger of audit_record alone; if its schema was renamed, run grantlog rebuild'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    WITH change AS MATERIALIZED (${changesIn('appended')}),
    ended AS (
      UPDATE audit_interval AS interval SET to_seq = change.seq FROM change
      WHERE change.previous IS NULL AND interval.rule_hash = change.rule_hash AND interval.to_seq IS NULL
        AND interval.from_seq < change.seq
        AND EXISTS (SELECT FROM audit_record AS record WHERE record.seq = interval.from_seq AND record.details = change.details)
      RETURNING interval.from_seq, change.seq),
    begun AS (
      INSERT INTO audit_interval (${columns.join(', ')})
      SELECT ${intervalOf} FROM change
      WHERE operation = 'created' OR previous = 'deleted' OR (previous IS NULL AND seq NOT IN (SELECT seq FROM ended))
      ON CONFLICT (from_seq) DO NOTHING
      RETURNING from_seq)
    SELECT array_agg(from_seq) INTO changed
    FROM (SELECT from_seq FROM ended UNION ALL SELECT from_seq FROM begun) AS interval;
    IF changed IS NOT NULL THEN
      INSERT INTO audit_interval_block (led_by, key, block, until)
      SELECT fresh.* FROM (${blocksOf('(SELECT * FROM audit_interval WHERE from_seq = ANY (changed))')}) AS fresh
      LEFT JOIN audit_interval_block AS kept USING (led_by, key, block)
      WHERE kept.until IS DISTINCT FROM fresh.until
      ON CONFLICT (led_by, key, block) DO UPDATE SET until = excluded.until;
    END IF;
    RETURN NULL;
  END $$;
  REVOKE ALL ON FUNCTION audit_interval_follow() FROM PUBLIC`;

export const createIntervalTrigger = `
  CREATE TRIGGER audit_record_intervals AFTER INSERT ON audit_record REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION audit_interval_follow()`;

export const enableIntervalTrigger = 'ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_intervals';

/** A row if the function looks for the tables elsewhere than they are. Quotes are set aside: whether PostgreSQL writes them is a setting. */
export const strayFollowing = `
  SELECT quote_ident(nspname) AS schema, setting
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
  JOIN pg_proc ON pg_proc.oid = tgfoid CROSS JOIN unnest(proconfig) AS setting
  WHERE tgrelid = to_regclass('audit_record') AND tgname = 'audit_record_intervals' AND setting LIKE 'search_path=%'
    AND replace(setting, '"', '') <> format('search_path=%s, pg_temp', replace(nspname, '"', ''))`;

/** Whoever may read the log may read what is derived from it: the statements for those who cannot yet. */
export const missingGrants = `
  SELECT format('GRANT SELECT ON %s TO %s', derived.name, CASE reader.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(reader.grantee)) END) AS statement
  FROM unnest(ARRAY['audit_interval', 'audit_interval_block']) AS derived (name)
  CROSS JOIN (
    SELECT DISTINCT acl.grantee FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner))) AS acl
    WHERE pg_class.oid = to_regclass('audit_record') AND acl.privilege_type = 'SELECT') AS reader
  WHERE NOT has_table_privilege(reader.grantee, to_regclass(derived.name), 'SELECT')`;

/** Every interval that the log tells of. */
const intervalsTold = `
  SELECT ${intervalOf} FROM (${changesIn('audit_record')}) AS change
  WHERE operation = 'created' OR previous IS NULL OR previous = 'deleted'`;

const blocksTold = leaders
  .map(
    ({ led_by, condition }) => `
    SELECT '${led_by}' AS led_by, ${led_by} AS key, from_seq >> ${blockBits} AS block, max(until) AS until
    FROM audit_interval WHERE ${condition} AND ${led_by} IS NOT NULL GROUP BY 2, 3`,
  )
  .join(' UNION ALL ');

/** Derives everything from the log. MUST run with the head locked, when nobody appends, and on empty tables. */
export const fillIntervals = `
  INSERT INTO audit_interval (${columns.join(', ')}) ${intervalsTold} ORDER BY from_seq;
  INSERT INTO audit_interval_block (led_by, key, block, until) ${blocksTold}`;

/** Makes a table what a query tells: rows that differ, are missing or too many. Answers how many. */
const mended = (table: string, all: readonly string[], key: readonly string[], told: string): string => {
  const row = (name: string): string => all.map((column) => `${name}.${column}`).join(', ');
  const same = (name: string): string => key.map((column) => `${table}.${column} = ${name}.${column}`).join(' AND ');
  return `
  WITH told AS MATERIALIZED (${told}),
  surplus AS (
    DELETE FROM ${table} WHERE NOT EXISTS (SELECT FROM told WHERE ${same('told')}) RETURNING 1),
  put AS (
    INSERT INTO ${table} (${all.join(', ')})
    SELECT ${row('told')} FROM told LEFT JOIN ${table} AS kept USING (${key.join(', ')})
    WHERE (${row('told')}) IS DISTINCT FROM (${row('kept')})
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET (${all.join(', ')}) = ROW (${row('excluded')})
    RETURNING 1)
  SELECT (SELECT count(*) FROM surplus)::int + (SELECT count(*) FROM put)::int AS mended`;
};

/** What differs from the log is made what it tells, and nothing else is touched. MUST run with the head locked. */
export const mendIntervals = mended('audit_interval', columns, ['from_seq'], intervalsTold);

/** The same for the blocks, when the intervals are right. */
export const mendBlocks = mended(
  'audit_interval_block',
  ['led_by', 'key', 'block', 'until'],
  ['led_by', 'key', 'block'],
  blocksTold,
);

export const dropIntervalTables = `
  DROP TRIGGER IF EXISTS audit_record_intervals ON audit_record;
  DROP FUNCTION IF EXISTS audit_interval_follow();
  DROP TABLE IF EXISTS audit_interval, audit_interval_block`;
