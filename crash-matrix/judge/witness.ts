/** The rule of a row as one value, whichever table tells of it: its policy type and its columns, without absent ones. */
const ruleOf = (row: string): string =>
  `to_jsonb(array_remove(ARRAY[${['ptype', 'v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6'].map((column) => `${row}.${column}`).join(', ')}], NULL))`;

/**
 * The witness of what was committed, which owes nothing to the code that is judged: a trigger writes down each change of a row, in
 * the transaction of the change. A row that is given another id is the same rule.
 */
const install = `
  CREATE TABLE IF NOT EXISTS witness (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    operation text NOT NULL,
    rule jsonb NOT NULL
  );
  CREATE OR REPLACE FUNCTION bear_witness() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'UPDATE' AND ${ruleOf('OLD')} = ${ruleOf('NEW')} THEN RETURN NULL; END IF;
    IF TG_OP <> 'INSERT' THEN INSERT INTO witness (operation, rule) VALUES ('deleted', ${ruleOf('OLD')}); END IF;
    IF TG_OP <> 'DELETE' THEN INSERT INTO witness (operation, rule) VALUES ('created', ${ruleOf('NEW')}); END IF;
    RETURN NULL;
  END $$;
  CREATE OR REPLACE TRIGGER bear_witness AFTER INSERT OR DELETE OR UPDATE ON casbin_rule
    FOR EACH ROW EXECUTE FUNCTION bear_witness()`;

/** Needs Grantlog's tables; may be called again. MUST come before the first change. */
export async function installWitness(query: (sql: string) => Promise<unknown>): Promise<void> {
  await query(install);
}

/** Every rule of the table as text that equals JSON.stringify of its values. */
export const rulesOfTable = `
  SELECT array_remove(ARRAY[ptype, v0, v1, v2, v3, v4, v5, v6], NULL) AS rule FROM casbin_rule`;
