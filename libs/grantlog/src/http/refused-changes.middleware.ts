import { AsyncResource } from 'node:async_hooks';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { HttpException, Injectable, type NestMiddleware } from '@nestjs/common';
import { Attempts } from '../attempts/attempts';
import { askedChange, type ChangeRequest } from './change-request';
import { stageOf } from './change-stage';

/**
 * Records requests for changes that were refused by the host: by its guards, global ones too, or by what else stands before the
 * handler. They are recognised by their answer, because the errors belong to the host's own filters.
 */
@Injectable()
export class RefusedChangesMiddleware implements NestMiddleware {
  constructor(private readonly attempts: Attempts) {}

  use(request: ChangeRequest & IncomingMessage, response: ServerResponse, next: () => void): void {
    if (this.attempts.areRecorded && request.method === 'POST') this.watch(request, response);
    next();
  }

  /** `finish` never comes if the caller has gone away, which would be a way to try unseen; `prefinish` comes all the same. */
  private watch(request: ChangeRequest, response: ServerResponse): void {
    let isAnswered = false;
    const answered = AsyncResource.bind(() => {
      if (!isAnswered) this.answered(request, response.statusCode);
      isAnswered = true;
    });
    response.once('prefinish', answered).once('finish', answered);
  }

  private answered(request: ChangeRequest, status: number): void {
    const stage = stageOf(request);
    if (stage === 'told' || status < 300) return;
    const isDenied = stage === 'allowed' ? status === 401 || status === 403 : status < 500;
    const { operation, assignments, reason } = askedChange(request);
    const error = new HttpException(STATUS_CODES[status] ?? 'Refused', status);
    this.attempts[isDenied ? 'denied' : 'failed'](operation, assignments, { reason, error });
  }
}
