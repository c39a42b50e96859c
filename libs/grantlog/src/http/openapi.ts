import type * as Swagger from '@nestjs/swagger';
import type { ZodType } from 'zod';
import { optionalPeer } from '../contract/optional-peer';
import { openApiSchema } from './openapi-schema';
import { nestTakesSchemas } from './standard-schema';

/** Without @nestjs/swagger the endpoints work the same and are not described. */
const swagger = optionalPeer<typeof Swagger>('@nestjs/swagger');

/** Describes what a handler does and answers; `mayMiss` says that it names one thing, which may not be there. */
export function Describes(summary: string, answer: ZodType, mayMiss = false): MethodDecorator {
  return (target, key, descriptor) => {
    if (!swagger) return;
    const errors: [number, string][] = [
      [
        400,
        'Bad input: `{ statusCode, code, field, message }`, and `operationId` if the attempt is recorded; nothing was changed',
      ],
      [401, 'Not signed in'],
      [403, 'Signed in, and not allowed to'],
      ...(mayMiss ? ([[404, 'There is no such thing']] satisfies [number, string][]) : []),
    ];
    swagger.ApiOperation({ summary })(target, key, descriptor);
    swagger.ApiOkResponse(nestTakesSchemas ? { standardSchema: answer } : { schema: openApiSchema(answer, 'output') })(
      target,
      key,
      descriptor,
    );
    for (const [status, description] of errors) swagger.ApiResponse({ status, description })(target, key, descriptor);
  };
}

/** Says in which types a handler answers, where that is not JSON. */
export function Produces(...types: string[]): MethodDecorator {
  return (target, key, descriptor) => swagger?.ApiProduces(...types)(target, key, descriptor);
}

/** Describes each parameter of a query, where Nest does not hand its schema on to @nestjs/swagger. */
export function DescribesQuery(schema: ZodType): MethodDecorator {
  const { properties = {}, required: needed = [] } = openApiSchema(schema, 'input');
  return (target, key, descriptor) => {
    for (const [name, property] of Object.entries(properties)) {
      const description = '$ref' in property ? undefined : property.description;
      const required = needed.includes(name);
      swagger?.ApiQuery({ name, required, description, schema: property })(target, key, descriptor);
    }
  };
}

/** Describes a body, likewise. */
export function DescribesBody(schema: ZodType): MethodDecorator {
  return (target, key, descriptor) =>
    swagger?.ApiBody({ schema: openApiSchema(schema, 'input') })(target, key, descriptor);
}

/** Leaves a controller out of the description: it is no part of the API. */
export function Undescribed(): ClassDecorator {
  return (target) => swagger?.ApiExcludeController()(target);
}

/** Puts a controller under a heading, and says that it takes a bearer token. */
export function Tagged(tag: string): ClassDecorator {
  return (target) => {
    swagger?.ApiTags(tag)(target);
    swagger?.ApiBearerAuth()(target);
  };
}
