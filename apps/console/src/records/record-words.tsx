import type { RecordItem } from '../api/answers';

/** `created`; for other rules than role assignments, of which kind: `policy created`. */
export function operationOf({ type, operation }: RecordItem): string {
  const [kind = ''] = type.split('.');
  return kind === 'role_assignment' || kind === 'audit' ? operation : `${kind} ${operation}`;
}

const tones: Readonly<Record<string, string>> = { created: 'good', deleted: 'bad' };

/** What was done; what was only tried says so in a word. */
export function Operation({ of: record }: { of: RecordItem }) {
  const done = record.outcome === 'success';
  return (
    <span>
      <span class={`mark ${done ? (tones[record.operation] ?? '') : ''}`}>{operationOf(record)}</span>{' '}
      {!done && <span class="mark warn">{record.outcome}</span>}
    </span>
  );
}

/** The rule as Casbin has it; nothing for who only read. */
export function ruleOf({ details }: RecordItem): { ptype: string; columns: readonly string[] } | undefined {
  const { ptype, rule } = details;
  if (typeof ptype !== 'string' || !Array.isArray(rule)) return undefined;
  return { ptype, columns: rule.map(String) };
}
