import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';

/** What is read of a request; Express and Fastify have it. */
interface SentRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Refuses what a page of somebody else can make a browser send along with the viewer's cookies: forms, which a body parser takes for an object
 * like any other, and calls without a body. With JSON a browser asks first whether it may (CORS), which is the host's to answer. Cookies that are
 * SameSite are sent from other ports and subdomains, too.
 */
export const fromOwnPages: CanActivate = {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<SentRequest>();
    const type = String(headers['content-type'] ?? '');
    if (/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) return true;
    if (type !== '')
      throw new UnsupportedMediaTypeException('Send JSON, with the header content-type: application/json.');
    const site = String(headers['sec-fetch-site'] ?? 'none');
    if (site === 'none' || site === 'same-origin') return true;
    throw new ForbiddenException('A page from elsewhere sent this; let it send content-type: application/json.');
  },
};
