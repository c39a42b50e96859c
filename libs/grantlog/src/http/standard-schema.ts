import { StandardSchemaValidationPipe } from '@nestjs/common';

/**
 * Whether Nest's parameter decorators and @nestjs/swagger take schemas, as they do from Nest 12. Nest 11 would take
 * `{ schema, pipes }` for a pipe that does nothing, and let everything in unchecked.
 */
export const nestTakesSchemas = (StandardSchemaValidationPipe as unknown) !== undefined;
