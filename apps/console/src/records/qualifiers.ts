import type { Field, Filter } from './filters';
import { filterFields } from './filters';

/*
 * Filters as text: `actor:user^7 scope:lib^lib:Axim* "a plain word"`.
 *
 * A value is plain or quoted; inside quotes, \" and \\ are the characters themselves. An unquoted * at the end means "begins with", for
 * subject and scope; quoted, it is part of the key (`scope:"lib^lib:Axim:*"` is that glob and nothing else). `scope:*` is the scope *.
 */

interface Meaning {
  readonly field: Field;
  /** The filter for keys that begin so. */
  readonly beginning?: Field;
}

export const meanings = {
  subject: { field: 'subject', beginning: 'subjectPrefix' },
  role: { field: 'role' },
  scope: { field: 'scope', beginning: 'scopePrefix' },
  'scope-type': { field: 'scopeNamespace' },
  actor: { field: 'actor' },
  operation: { field: 'operation' },
  outcome: { field: 'outcome' },
  type: { field: 'type' },
  request: { field: 'requestId' },
  call: { field: 'operationId' },
  from: { field: 'from' },
  to: { field: 'to' },
  last: { field: 'last' },
} as const satisfies Readonly<Record<string, Meaning>>;

export type Qualifier = keyof typeof meanings;
export const qualifiers = Object.keys(meanings) as readonly Qualifier[];

/** One piece of the text, from `start` to before `end`. */
export interface Token {
  readonly start: number;
  readonly end: number;
  /** None for a plain word. */
  readonly qualifier: Qualifier | undefined;
  readonly value: string;
  /** Whether it ends in a * of its own. */
  readonly begins: boolean;
  /** What is wrong with how it is written. */
  readonly problem: string | undefined;
}

export interface Parsed {
  readonly filter: Filter;
  /** Plain words: of which field, only the log can tell. */
  readonly words: readonly string[];
  /** The first mistake. */
  readonly problem: string | undefined;
}

const shape = new RegExp(
  String.raw`(?:(${qualifiers.join('|')}):)?(?:"((?:\\.|[^"\\])*)("?)(\*?)|((?:[^\s"]\S*)?))(\S*)`,
  'gsu',
);

export function tokensOf(text: string): readonly Token[] {
  return [...text.matchAll(shape)].filter(([whole]) => whole !== '').map(tokenOf);
}

function tokenOf(match: RegExpExecArray): Token {
  const [whole, word, quoted, close, star, bare = '', rest] = match;
  const qualifier = word as Qualifier | undefined;
  const place = { start: match.index, end: match.index + whole.length, qualifier };
  if (quoted !== undefined) {
    const problem = close
      ? rest && `After the quote in ${whole} there must be a blank.`
      : `A quote is not closed: ${whole}`;
    return { ...place, value: quoted.replace(/\\(.)/gsu, '$1'), begins: star === '*', problem: problem || undefined };
  }
  const begins = bare.endsWith('*') && !(qualifier === 'scope' && bare === '*');
  const value = begins ? bare.slice(0, -1) : bare;
  return { ...place, value, begins, problem: undefined };
}

export function parsed(text: string): Parsed {
  const filter: Partial<Record<Field, string>> = {};
  const words: string[] = [];
  let problem: string | undefined;
  for (const token of tokensOf(text)) {
    const { qualifier, value } = token;
    const field = qualifier && fieldOf(token, qualifier);
    problem ??= problemOf(token, field, filter);
    if (field) filter[field] = value;
    else words.push(value);
  }
  return { filter, words, problem };
}

function fieldOf({ begins }: Token, qualifier: Qualifier): Field {
  const { field, beginning }: Meaning = meanings[qualifier];
  return begins && beginning ? beginning : field;
}

function problemOf(token: Token, field: Field | undefined, before: Filter): string | undefined {
  const { qualifier, value, begins, problem } = token;
  if (problem) return problem;
  if (value === '') return `${qualifier ? `${qualifier}:` : 'A quote'} needs something in it.`;
  if (!qualifier || !field) return undefined;
  const { beginning }: Meaning = meanings[qualifier];
  if (begins && !beginning)
    return `Only subject: and scope: can ask for a beginning; write ${qualifier}:${quoted(`${value}*`)} if the * is part of it.`;
  return before[field] === undefined ? undefined : `${qualifier}: is there twice.`;
}

/** The text that means this filter, and nothing else. */
export function textOf(filter: Filter): string {
  return [...filterFields, 'last' as const]
    .filter((field) => filter[field])
    .map((field) => pieceOf(field, filter[field] ?? ''))
    .join(' ');
}

/** `role:role^admin`; the name of the field where there is no qualifier for it. */
export function pieceOf(field: string, value: string): string {
  for (const qualifier of qualifiers) {
    const meaning: Meaning = meanings[qualifier];
    if (meaning.field === field) return `${qualifier}:${plainOrQuoted(value, field)}`;
    if (meaning.beginning === field) return `${qualifier}:${plainOrQuoted(value, field)}*`;
  }
  return `${field}:${plainOrQuoted(value, field)}`;
}

function plainOrQuoted(value: string, field: string): string {
  const everywhere = field === 'scope' && value === '*';
  return /\s|^"|\*$|^$/u.test(value) && !everywhere ? quoted(value) : value;
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/gu, '\\$&')}"`;
}
