import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Rule } from '../rules/rule';

/**
 * What has been imported from which source: the rules that a source ever had, each by the hash of its values, and the content it
 * had last. Rules stay in it for good, so that one that was removed since is not taken for a new one.
 */
export class ImportLedger {
  constructor(private readonly source: string) {}

  /**
   * Enters the rules, and their content as the last one. Others who import from this source wait until the transaction has ended.
   * @returns those that the source never had before
   */
  async enter(manager: EntityManager, content: string, rules: readonly Rule[]): Promise<Rule[]> {
    await manager.query('INSERT INTO audit_import (source) VALUES ($1) ON CONFLICT DO NOTHING', [this.source]);
    if ((await this.lastContent(manager)) === content) return [];
    const byHash = new Map(rules.map((rule) => [hashOf(rule.key), rule]));
    const entered = await manager.query<{ hash: string }[]>(
      `INSERT INTO audit_import_rule (source, rule) SELECT $1, decode(hash, 'hex') FROM unnest($2::text[]) AS hash
       ON CONFLICT DO NOTHING RETURNING encode(rule, 'hex') AS hash`,
      [this.source, [...byHash.keys()]],
    );
    await manager.query(
      `UPDATE audit_import SET content = decode($2, 'hex'), imported_at = clock_timestamp() WHERE source = $1`,
      [this.source, content],
    );
    const isNew = new Set(entered.map(({ hash }) => hash));
    return [...byHash].filter(([hash]) => isNew.has(hash)).map(([, rule]) => rule);
  }

  private async lastContent(manager: EntityManager): Promise<string | null | undefined> {
    const [row] = await manager.query<{ content: string | null }[]>(
      `SELECT encode(content, 'hex') AS content FROM audit_import WHERE source = $1 FOR UPDATE`,
      [this.source],
    );
    return row?.content;
  }
}

/** The same for the same rules, in whatever order and however often. */
export function contentOf(rules: readonly Rule[]): string {
  return hashOf(JSON.stringify([...new Set(rules.map(({ key }) => key))].sort()));
}

/** SHA-256, in hexadecimal. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
