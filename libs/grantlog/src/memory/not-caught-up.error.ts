import { GrantlogError } from '../contract/grantlog.error';

/** Memory did not get as far as it was to within the time limit; it goes on trying. */
export class NotCaughtUpError extends GrantlogError {
  constructor(limit: number, reason: string) {
    super('NOT_CAUGHT_UP', `Memory has not caught up within ${limit} ms: ${reason}`);
  }
}
