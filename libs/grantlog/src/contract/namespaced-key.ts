import { InvalidInputError } from './grantlog.error';

const maxLength = 255;
const controlCharacter = /\p{Cc}/u;

/** Scope of a model without scopes, and the scope that stands for all of them. */
export const anyScope = '*';

/**
 * The grammar of namespaced keys: `namespace^external key`, split at the first separator only, so that the external key
 * may contain it. At most 255 characters (code points, as PostgreSQL counts them), no control characters.
 */
export class KeySyntax {
  /** @param bare whether keys without a namespace pass, as the table of an app of before may have them */
  constructor(
    readonly separator: string = '^',
    private readonly bare = false,
  ) {}

  /**
   * The value, if it is a namespaced key.
   * @throws InvalidInputError that names `field` and says what a key looks like
   */
  key(value: unknown, field: string): string {
    const text = plainText(value, field);
    if (this.bare) return text;
    const at = text.indexOf(this.separator);
    if (at <= 0) {
      throw new InvalidInputError(field, `must have a namespace, as in "user${this.separator}42"; got ${quoted(text)}`);
    }
    if (at + this.separator.length === text.length) {
      throw new InvalidInputError(field, `must name something after "${text}"; got the namespace alone`);
    }
    return text;
  }

  /** A namespaced key, a glob such as `lib^lib:Org1:*`, or `*` for every scope. */
  scope(value: unknown, field: string): string {
    return value === anyScope ? anyScope : this.key(value, field);
  }

  /** A namespace by itself, such as `lib`. */
  namespace(value: unknown, field: string): string {
    const text = plainText(value, field);
    if (!text.includes(this.separator)) return text;
    throw new InvalidInputError(field, `must be what stands before "${this.separator}" in a key; got ${quoted(text)}`);
  }

  /** What stands before the first separator; the whole key if there is none. */
  namespaceOf(key: string): string {
    const at = key.indexOf(this.separator);
    return at < 0 ? key : key.slice(0, at);
  }

  /** What stands after the first separator; the whole key if there is none. */
  display(key: string): string {
    const at = key.indexOf(this.separator);
    return at < 0 ? key : key.slice(at + this.separator.length);
  }
}

/** Text that a key column can hold: not empty, at most 255 characters, no control characters, valid Unicode. */
export function plainText(value: unknown, field: string): string {
  if (value === undefined) throw new InvalidInputError(field, 'is missing');
  if (typeof value !== 'string') throw new InvalidInputError(field, `must be text; got ${kindOf(value)}`);
  if (value === '') throw new InvalidInputError(field, 'must not be empty');
  const length = value.length > maxLength ? [...value].length : value.length;
  if (length > maxLength) {
    throw new InvalidInputError(field, `must have at most ${maxLength} characters; got ${length}`);
  }
  if (controlCharacter.test(value)) throw new InvalidInputError(field, 'must not contain control characters');
  if (!value.isWellFormed()) throw new InvalidInputError(field, 'must be valid Unicode; it contains half a character');
  return value;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
