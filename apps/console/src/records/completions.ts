import { operations, outcomes, types } from './filters';
import { meanings, pieceOf, type Qualifier, qualifiers, type Token, tokensOf } from './qualifiers';

/** What the box offers to write in the place of a piece of its text. */
export interface Completion {
  /** Takes the place of the piece. */
  readonly text: string;
  /** What it means, in a few words. */
  readonly hint?: string;
  /** Whether the piece is whole then. */
  readonly whole: boolean;
}

interface KnownKey {
  readonly field: 'subject' | 'role' | 'scope' | 'actor';
  readonly key: string;
}

type Namespaces = Readonly<Record<KnownKey['field'], readonly string[]>>;

/** What the server knows that fits. */
export interface Known {
  readonly keys: readonly KnownKey[];
  readonly namespaces: Namespaces;
  /** Between a namespace and the rest of a key, as this server has it. */
  readonly separator: string;
}

/** What is asked of the server for a piece. */
export interface Sought {
  readonly word: string;
  readonly field: KnownKey['field'] | undefined;
}

/** What a qualifier does not say by its name. */
const hints: Readonly<Partial<Record<Qualifier, string>>> = {
  'scope-type': 'namespace of the scope',
  actor: 'who did it',
  type: 'kind of event',
  request: 'id of a request',
  call: 'id of a call: all its changes',
  from: 'recorded at this moment or later',
  to: 'recorded before this moment',
  last: 'hours or days up to now',
};

const values: Readonly<Partial<Record<Qualifier, readonly string[]>>> = {
  operation: operations,
  outcome: outcomes,
  type: types,
  last: ['24h', '7d', '30d'],
};

const keyFields: readonly string[] = ['subject', 'role', 'scope', 'actor'];

/** The piece at a place in the text; nothing where there is a blank. */
export function tokenAt(text: string, place: number): Token {
  const token = tokensOf(text).find(({ start, end }) => start <= place && place <= end);
  return token ?? { start: place, end: place, qualifier: undefined, value: '', begins: false, problem: undefined };
}

export function soughtBy({ qualifier, value }: Token): Sought | undefined {
  if (value === '') return undefined;
  if (qualifier === undefined) return { word: value, field: undefined };
  return isKeyField(qualifier) ? { word: value, field: qualifier } : undefined;
}

export function completionsOf(token: Token, known: Known): readonly Completion[] {
  const { qualifier, value } = token;
  if (qualifier === undefined) return [...qualifiersFor(value), ...keysFor(token, known)];
  if (qualifier === 'scope-type') return valuesFor(token, known.namespaces.scope);
  if (!isKeyField(qualifier)) return valuesFor(token, values[qualifier] ?? []);
  return value === '' ? namespacesFor(qualifier, known) : keysFor(token, known);
}

function qualifiersFor(word: string): readonly Completion[] {
  const fitting = qualifiers.filter((name) => `${name}:`.startsWith(word.toLowerCase()));
  return fitting.map((name) => ({ text: `${name}:`, hint: hints[name], whole: false }));
}

function valuesFor({ qualifier, value }: Token, all: readonly string[]): readonly Completion[] {
  if (!qualifier) return [];
  const fitting = all.filter((one) => one.includes(value));
  return fitting.map((one) => ({ text: pieceOf(meanings[qualifier].field, one), whole: true }));
}

function namespacesFor(qualifier: KnownKey['field'], { namespaces, separator }: Known): readonly Completion[] {
  const beginnings = namespaces[qualifier].map((name) => `${qualifier}:${name}${separator}`);
  return beginnings.map((text) => ({ text, hint: 'namespace', whole: false }));
}

/** Keys that the log has, and behind them all subjects or scopes that begin so. */
function keysFor({ value }: Token, { keys }: Known): readonly Completion[] {
  const fitting = value === '' ? [] : keys.filter(({ key }) => key.includes(value));
  const found = fitting.map(({ field, key }) => ({ text: pieceOf(field, key), whole: true }));
  return [...found, ...beginningsOf(fitting, value)];
}

function beginningsOf(keys: readonly KnownKey[], word: string): readonly Completion[] {
  const texts = keys.flatMap(({ field, key }) => {
    if (field !== 'subject' && field !== 'scope') return [];
    return [pieceOf(`${field}Prefix`, key.slice(0, key.indexOf(word) + word.length))];
  });
  return [...new Set(texts)].map((text) => ({ text, hint: 'all that begin so', whole: true }));
}

function isKeyField(qualifier: Qualifier): qualifier is KnownKey['field'] {
  return keyFields.includes(qualifier);
}

/** What a server has between namespaces and the rest of its keys, as a record of it shows. */
export function separatorIn(
  record: { readonly subject: string; readonly subjectDisplay: string } | undefined,
  { subject }: Namespaces,
): string {
  const before = record?.subject.slice(0, -record.subjectDisplay.length) ?? '';
  const namespace = subject.find((name) => before.startsWith(name) && before !== name);
  return namespace === undefined ? '^' : before.slice(namespace.length);
}
