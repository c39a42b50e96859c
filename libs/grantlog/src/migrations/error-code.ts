import { QueryFailedError } from 'typeorm';

/** PostgreSQL's code of an error, if it is one of its. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof QueryFailedError ? (error.driverError as { code?: string }).code : undefined;
}
