import type { PipeTransform } from '@nestjs/common';
import type { ZodType } from 'zod';
import { InvalidInputError } from '../contract/grantlog.error';

/** Checks a query or a body against a schema; an error names the first field that is wrong. */
export class SchemaPipe<T> implements PipeTransform<unknown, T> {
  constructor(private readonly schema: ZodType<T>) {}

  transform(value: unknown): T {
    const result = this.schema.safeParse(value ?? {});
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    if (issue?.code === 'unrecognized_keys') {
      const [key = ''] = issue.keys;
      throw new InvalidInputError(
        fieldAt([...issue.path, key]),
        'is not known here; see the API description for what is',
      );
    }
    throw new InvalidInputError(fieldAt(issue?.path ?? []), issue?.message ?? 'is not valid');
  }
}

/** `assignments[0].subject` */
function fieldAt(path: readonly PropertyKey[]): string {
  const field = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return field.replace(/^\./, '') || 'body';
}
