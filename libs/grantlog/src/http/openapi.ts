import type * as Swagger from '@nestjs/swagger';
import type { ZodType } from 'zod';
import { optionalPeer } from '../contract/optional-peer';

/** Without @nestjs/swagger the endpoints work the same and are not described. */
const swagger = optionalPeer<typeof Swagger>('@nestjs/swagger');

/** Describes what a handler does and answers; `mayMiss` says that it names one thing, which may not be there. */
export function Describes(summary: string, answer: ZodType, mayMiss = false): MethodDecorator {
  return (target, key, descriptor) => {
    if (!swagger) return;
    const errors: [number, string][] = [
      [400, 'Bad input: `{ statusCode, code, field, message }`; nothing was changed'],
      [401, 'Not signed in'],
      [403, 'Signed in, and not allowed to'],
      ...(mayMiss ? ([[404, 'There is no such thing']] satisfies [number, string][]) : []),
    ];
    swagger.ApiOperation({ summary })(target, key, descriptor);
    swagger.ApiOkResponse({ standardSchema: answer })(target, key, descriptor);
    for (const [status, description] of errors) swagger.ApiResponse({ status, description })(target, key, descriptor);
  };
}

/** Puts a controller under a heading, and says that it takes a bearer token. */
export function Tagged(tag: string): ClassDecorator {
  return (target) => {
    swagger?.ApiTags(tag)(target);
    swagger?.ApiBearerAuth()(target);
  };
}
