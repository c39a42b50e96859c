import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Transactional, TransactionHost } from '@nestjs-cls/transactional';
import type { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { AUTHZ_ENFORCER, AuditedEnforcer, runAs } from 'grantlog';
import type { PolicyFile, PolicyRow } from './policy-file';

const importer = 'system^import';
const rulesAtOnce = 10_000;

/**
 * Imports a policy file once, by its content. Of a changed file only the rows are added that no imported file had: "insert
 * if absent" at every start would bring back every grant that was revoked since.
 */
@Injectable()
export class PolicyImport {
  constructor(
    @Inject(AUTHZ_ENFORCER) private readonly enforcer: AuditedEnforcer,
    private readonly host: TransactionHost<TransactionalAdapterTypeOrm>,
  ) {}

  /** @returns how many rules were new, 0 if this content has been imported before */
  async import(file: PolicyFile): Promise<number> {
    const reason = `import of ${file.path.split(/[\\/]/).at(-1)} (sha256 ${file.hash.slice(0, 12)})`;
    const imported = await runAs(importer, () => this.importOnce(file), { reason });
    await this.enforcer.loadPolicy(); // nobody is answered from a memory that lacks what was just committed
    return imported;
  }

  @Transactional()
  protected async importOnce({ hash, rows }: PolicyFile): Promise<number> {
    await this.host.tx.query('LOCK TABLE demo_policy_file IN EXCLUSIVE MODE');
    const known = await this.host.tx.query<unknown[]>('SELECT 1 FROM demo_policy_file WHERE hash = $1', [hash]);
    if (known.length > 0) return 0;
    const news = await this.newRows(rows);
    for (const [ptype, rules] of byType(news)) await this.add(ptype, rules);
    await this.host.tx.query('INSERT INTO demo_policy_file (hash) VALUES ($1)', [hash]);
    return news.length;
  }

  private async newRows(rows: readonly PolicyRow[]): Promise<PolicyRow[]> {
    const byKey = new Map(rows.map((row) => [keyOf(row), row]));
    const added = await this.host.tx.query<{ key: string }[]>(
      'INSERT INTO demo_policy_row (key) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING key',
      [[...byKey.keys()]],
    );
    const keys = new Set(added.map(({ key }) => key));
    return [...byKey].filter(([key]) => keys.has(key)).map(([, row]) => row);
  }

  private async add(ptype: string, rules: string[][]): Promise<void> {
    for (let from = 0; from < rules.length; from += rulesAtOnce) {
      const some = rules.slice(from, from + rulesAtOnce);
      if (ptype.startsWith('p')) await this.enforcer.addNamedPoliciesEx(ptype, some);
      else await this.enforcer.addNamedGroupingPoliciesEx(ptype, some);
    }
  }
}

function byType(rows: readonly PolicyRow[]): Map<string, string[][]> {
  const types = new Map<string, string[][]>();
  for (const { ptype, values } of rows) {
    const rules = types.get(ptype) ?? [];
    rules.push([...values]);
    types.set(ptype, rules);
  }
  return types;
}

function keyOf({ ptype, values }: PolicyRow): string {
  return createHash('sha256')
    .update(JSON.stringify([ptype, ...values]))
    .digest('hex');
}
