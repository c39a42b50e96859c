import type { OpenAPIObject } from '@nestjs/swagger';

interface Described {
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: object;
  }[];
  readonly requestBody?: { content?: Record<string, { schema?: object }> };
  readonly responses: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>;
}

/** What a document says of each call: its parameters, its body and its answers, with named schemas written out. */
export function openApiFacts(document: OpenAPIObject): Record<string, object> {
  const schemas = document.components?.schemas ?? {};
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Described>).map(([method, call]): [string, object] => [
      `${method.toUpperCase()} ${path}`,
      writtenOut(factsOf(call), schemas),
    ]),
  );
  return Object.fromEntries(calls);
}

function factsOf({ parameters = [], requestBody, responses }: Described): object {
  const named = parameters.map(({ name, in: place, required, description, schema = {} }) => [
    `${place} ${name}`,
    { required: required ?? false, description, schema: { ...schema, description: undefined } },
  ]);
  const answers = Object.entries(responses).map(([status, { content }]) => [status, content ?? null]);
  return {
    parameters: Object.fromEntries(named),
    body: requestBody?.content ?? null,
    answers: Object.fromEntries(answers),
  };
}

function writtenOut(part: object, schemas: Record<string, object>): object {
  const text = JSON.stringify(part, (_key, value: unknown) => {
    const { $ref } = Object(value) as { $ref?: unknown };
    return typeof $ref === 'string' ? schemas[$ref.replace('#/components/schemas/', '')] : value;
  });
  return JSON.parse(text) as object;
}
