import { createHash } from 'node:crypto';
import type { Model } from 'casbin';
import { parse } from 'csv-parse/sync';
import type { ImportedRule } from 'grantlog';
import { StartError } from '../start-error';
import { readText } from './model-file';

export interface PolicyFile {
  readonly path: string;
  /** SHA-256 of the content, in hexadecimal. */
  readonly hash: string;
  readonly rules: readonly ImportedRule[];
}

/**
 * Reads a policy file in Casbin's CSV form, each line checked against the model.
 * @throws StartError naming the line
 */
export function readPolicy(path: string, model: Model): PolicyFile {
  const text = readText(path, 'CASBIN_POLICY');
  const hash = createHash('sha256').update(text).digest('hex');
  return {
    path,
    hash,
    rules: parsed(text, path).map(({ record, line }) => rule(record, model, `CASBIN_POLICY ${path}:${line}`)),
  };
}

function parsed(text: string, path: string): { record: string[]; line: number }[] {
  try {
    const lines: unknown = parse(text, {
      comment: '#',
      comment_no_infix: true,
      trim: true,
      bom: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
    });
    return (lines as { record: string[]; info: { lines: number } }[]).map(({ record, info }) => ({
      record,
      line: info.lines,
    }));
  } catch (error) {
    throw new StartError(`CASBIN_POLICY ${path} is not a policy file: ${(error as Error).message}`);
  }
}

function rule([ptype = '', ...values]: string[], model: Model, place: string): ImportedRule {
  const assertion = model.model.get(ptype.slice(0, 1))?.get(ptype);
  if (!/^[pg]/.test(ptype) || !assertion) {
    throw new StartError(`${place}: "${ptype}" is not a policy type of the model; a line begins with p, g, g2, ….`);
  }
  const expected = ptype.startsWith('p') ? assertion.tokens.length : (assertion.value.match(/_/g) ?? []).length;
  if (values.length !== expected) {
    throw new StartError(
      `${place}: "${ptype}" takes ${expected} values in this model; this line has ${values.length}.`,
    );
  }
  const empty = values.indexOf('');
  if (ptype.startsWith('g') && empty >= 0)
    throw new StartError(`${place}: value ${empty + 1} is empty; name a key or *.`);
  return { ptype, values };
}
