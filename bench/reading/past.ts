import { type AuditRecord, KeySyntax } from 'grantlog';
import { AssignmentHistory } from '../../libs/grantlog/src/past/assignment-history';
import { PastAssignments } from '../../libs/grantlog/src/past/past-assignments';
import type { PastFilter } from '../../libs/grantlog/src/past/past-query';
import type { Result } from '../result';
import type { LogPair } from './log-pair';
import { compare, limit } from './pages';
import { timed } from './timing';

/** Who had what: each question at another moment, and about what its record names. Nobody else can tell. */
export async function* measurePast({ dataSource }: LogPair, sample: readonly AuditRecord[]): AsyncIterable<Result> {
  const past = new PastAssignments(dataSource, new KeySyntax());
  const history = new AssignmentHistory(dataSource, new KeySyntax());
  const others = sample.toReversed();
  const filters: Record<string, (record: AuditRecord) => PastFilter> = {
    'no filter': () => ({}),
    subject: ({ subject }) => ({ subject }),
    role: ({ role }) => ({ role: role ?? undefined }),
    scope: ({ scope }) => ({ scope: scope ?? undefined }),
    scopeNamespace: ({ scope }) => ({ scopeNamespace: scope?.split('^')[0] }),
    'role+scopeNamespace': ({ role, scope }) => ({ role: role ?? undefined, scopeNamespace: scope?.split('^')[0] }),
  };
  for (const [name, filterOf] of Object.entries(filters)) {
    const asked = sample.map((record, at) => ({ ...filterOf(record), asOf: others[at]?.recordedAt ?? '', limit }));
    yield* compare(`as of, ${name}`, await timed(asked.map((query) => () => past.page(query))));
  }
  for (const name of ['subject', 'scope', 'role'] as const) {
    const asked = sample.map((record) => ({ [name]: record[name], limit }));
    yield* compare(`history, ${name}`, await timed(asked.map((query) => () => history.page(query))));
  }
}
