/** An interval of the rule that a record is about, found among those of its subject. */
const ofSameRule = (condition: string): string => `
  EXISTS (
    SELECT FROM audit_interval AS other
    WHERE other.ptype = 'g' AND ${condition} AND other.rule_hash = hashtextextended(record.details::text, 0)
      AND (other.role, other.scope) IS NOT DISTINCT FROM (record.role, record.scope))`;

/** Its beginning, within bounds: one below and one above, which an index takes. */
const begun = (lower: string, upper: string): string =>
  `(other.subject, other.from_seq) > (record.subject, ${lower}) AND (other.subject, other.from_seq) <= (record.subject, ${upper})`;

const heldBefore = ofSameRule(`${begun('0', '$2::bigint')} AND other.until > $2::bigint`);
const begunSince = ofSameRule(begun('record.seq', '$3::bigint'));

/**
 * Which of the records $1 tell of a difference between the records up to $2 and those up to $3: after which nothing happened to the same rule
 * any more, while before it was the other way round. A record that created what was in force already, or deleted what was not, is about what
 * happened past Grantlog: it changes nothing of what the log says was in force. Plans with EXISTS outside of CASE would read all intervals.
 */
export const lastingChanges = `
  SELECT record.seq::text AS seq FROM audit_record AS record
  WHERE record.seq = ANY ($1::bigint[]) AND CASE record.operation
    WHEN 'created' THEN EXISTS (SELECT FROM audit_interval AS own WHERE own.from_seq = record.seq AND own.until > $3::bigint)
      AND NOT ${heldBefore}
    ELSE NOT ${begunSince} AND ${heldBefore} END`;
