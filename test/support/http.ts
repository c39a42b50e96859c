import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { TestApp } from './app';

/** Lets everybody pass, as user 7. */
@Injectable()
export class LetsPass implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<{ user: unknown }>().user = { id: 7 };
    return true;
  }
}

export interface Answer {
  readonly status: number;
  // Answers over HTTP arrive as any; expect() is what checks them.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly body: any;
}

/** A caller of a node that listens on a port of its own. */
export class HttpCaller {
  private constructor(
    readonly origin: string,
    private readonly headers: Record<string, string>,
  ) {}

  static async of(app: TestApp, headers: Record<string, string> = {}): Promise<HttpCaller> {
    await app.nest.listen(0, '127.0.0.1');
    return new HttpCaller(await app.nest.getUrl(), headers);
  }

  with(headers: Record<string, string>): HttpCaller {
    return new HttpCaller(this.origin, { ...this.headers, ...headers });
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, JSON.stringify(body));
  }

  async send(method: string, path: string, body?: string): Promise<Answer> {
    const headers = { ...this.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const response = await fetch(`${this.origin}${path}`, { method, headers, body });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }
}
