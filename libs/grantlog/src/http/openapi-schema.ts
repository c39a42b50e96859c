import type { SchemaObject } from '@nestjs/swagger';
import { z, type ZodType } from 'zod';

const definitions = '#/definitions/';

/** The OpenAPI form of a schema, for which Nest 11 has no converter. Named parts are written out where they are used. */
export function openApiSchema(schema: ZodType, io: 'input' | 'output'): SchemaObject {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io });
  const named = json.definitions as Record<string, unknown> | undefined;
  const written = (_key: string, part: unknown): unknown =>
    isReference(part) ? named?.[part.$ref.slice(definitions.length)] : part;
  return JSON.parse(JSON.stringify({ ...json, definitions: undefined }, written)) as SchemaObject;
}

function isReference(part: unknown): part is { $ref: string } {
  return typeof part === 'object' && part !== null && '$ref' in part && typeof part.$ref === 'string';
}
