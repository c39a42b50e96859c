import { createHash } from 'node:crypto';

/** SQL, and the name under which a connection keeps it prepared; without a name it is planned anew each time. */
export interface Statement {
  readonly text: string;
  readonly name?: string;
  /** `'array'` gives rows as lists of their values, which takes half the time of objects. */
  readonly rowMode?: 'array';
}

export interface PreparedStatement extends Statement {
  readonly name: string;
}

/**
 * The statement, to be kept prepared. The name tells the text, so that two versions of an app never mean different statements
 * by one name.
 */
export function prepared(text: string): PreparedStatement {
  return { text, name: `grantlog_${createHash('sha256').update(text).digest('hex').slice(0, 24)}` };
}

/**
 * The same under another name whenever a table has grown to four times its size: a prepared statement keeps its plan, and
 * one that was made for an empty table would read all of a large one.
 * @param rows how many there are, more or less
 */
export function preparedFor(rows: number, { text, name }: PreparedStatement): Statement {
  return { text, name: `${name}_${Math.ceil(Math.log2(rows + 1) / 2)}` };
}
