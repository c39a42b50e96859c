import { request } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GRANTLOG_OPEN } from 'grantlog';

interface Call {
  readonly headers: Record<string, string>;
  user: unknown;
  /** Node's own request, where this is one of Fastify's. */
  readonly raw?: { user?: unknown };
}

/** Lets in whoever brings the token, as user 7. */
@Injectable()
export class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<Call>();
    if (call.headers.authorization !== 'Bearer letmein') throw new UnauthorizedException();
    call.user = { id: 7 };
    if (call.raw) call.raw.user = call.user;
    return true;
  }
}

/** The same for everything that the app has, but for what has no data: as docs/console.md says it. */
@Injectable()
export class GlobalTokenGuard extends TokenGuard {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override canActivate(context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<boolean>(GRANTLOG_OPEN, places) || super.canActivate(context);
  }
}

export const token = { authorization: 'Bearer letmein' };

export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Asks for exactly this path: fetch() would tidy it up first, and follow where it is led. */
export function ask(origin: string, path: string, method = 'GET', headers = {}): Promise<PlainAnswer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, text: Buffer.concat(chunks).toString() });
      });
    })
      .on('error', reject)
      .end();
  });
}
