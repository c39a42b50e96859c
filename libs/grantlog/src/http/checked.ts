import { Body, Query } from '@nestjs/common';
import type { ZodType } from 'zod';
import { DescribesBody, DescribesQuery } from './openapi';
import { SchemaPipe } from './schema.pipe';
import { nestTakesSchemas } from './standard-schema';

const checked =
  (decorate: typeof Query & typeof Body, describe: (schema: ZodType) => MethodDecorator) =>
  (schema: ZodType): ParameterDecorator => {
    const pipe = new SchemaPipe(schema);
    if (nestTakesSchemas) return decorate({ schema, pipes: [pipe] });
    return (target, method = '', index) => {
      decorate(pipe)(target, method, index);
      describe(schema)(target, method, Object.getOwnPropertyDescriptor(target, method) ?? {});
    };
  };

/** The query, as the schema says it must be; anything else is a 400 that names the first field that is wrong. */
export const CheckedQuery = checked(Query, DescribesQuery);

/** The body, likewise. */
export const CheckedBody = checked(Body, DescribesBody);
