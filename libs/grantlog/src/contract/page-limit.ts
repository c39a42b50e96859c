import { InvalidInputError } from './grantlog.error';

export const defaultLimit = 50;
export const mostPerPage = 200;

/** The limit of a page: 1 to 200, 50 if none is given. */
export function pageLimit(limit: number | undefined): number {
  if (limit === undefined) return defaultLimit;
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostPerPage) return limit;
  throw new InvalidInputError('limit', `must be a whole number from 1 to ${mostPerPage}; got ${limit}`);
}
