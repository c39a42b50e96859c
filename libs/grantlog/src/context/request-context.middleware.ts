import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type NestMiddleware } from '@nestjs/common';
import { uuidV7 } from '../contract/uuid-v7';
import { type RequestLike, withContext } from './request-context';

const requestIdHeader = 'x-request-id';
const acceptableRequestId = /^[\x21-\x7e]{1,200}$/;

/**
 * Opens the context of a request. It keeps the request itself rather than its user, because guards set the user later; the
 * actor is read from it when a call is made.
 */
@Injectable()
export class RequestContextMiddleware implements NestMiddleware {
  use(request: RequestLike & IncomingMessage, response: ServerResponse, next: () => void): void {
    const given = request.headers[requestIdHeader];
    const requestId = typeof given === 'string' && acceptableRequestId.test(given) ? given : uuidV7();
    if (!response.headersSent) response.setHeader(requestIdHeader, requestId);
    withContext({ request, requestId }, next);
  }
}
