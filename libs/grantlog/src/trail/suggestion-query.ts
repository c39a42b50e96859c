/** What in a record is a key. */
export const keyFields = ['subject', 'role', 'scope', 'actor'] as const;
export type KeyField = (typeof keyFields)[number];

/** The namespaces of the keys in the log, in the order of their bytes. */
export type NamespacesInUse = Readonly<Record<KeyField, readonly string[]>>;

export interface SuggestionQuery {
  /** What a key begins with; without a separator, what it begins with behind any namespace in use. */
  readonly word: string;
  /** Default: all of them, each with as many keys as the others as far as it has them. */
  readonly field?: KeyField;
  /** Default: 10. At most 50. */
  readonly limit?: number;
}

/** A key that is in the log. */
export interface KeySuggestion {
  readonly field: KeyField;
  readonly key: string;
}
