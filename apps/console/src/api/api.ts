import type { Query } from '../route';
import { authorization } from './session';

/** An answer that is none: what the server says is wrong, or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly field?: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

/** The address of a call: beside the folder of this page, wherever the host has mounted it. */
export function urlOf(path: string, query: Query = {}): string {
  const url = new URL(`../${path}`, location.href.split('#')[0]);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url.href;
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return answerOf<T>(call(urlOf(path, query), { signal }));
}

export function post<T>(path: string, body?: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  return answerOf<T>(call(urlOf(path), { method: 'POST', headers, body: JSON.stringify(body ?? {}) }));
}

/** @throws ApiError unless the answer is a good one */
export async function call(url: string, init: RequestInit = {}): Promise<Response> {
  const given = init.headers as Record<string, string>;
  const session = await authorization().catch((error: unknown) => {
    throw new ApiError(401, String(error)); // nothing was sent
  });
  const headers = { accept: 'application/json', ...given, ...session };
  const options: RequestInit = { ...init, headers, credentials: 'same-origin', redirect: 'manual' };
  const response = await fetch(url, options).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, 'The server does not answer.');
  });
  if (isSignIn(response)) throw new ApiError(401, 'The host asks to sign in.');
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** The API never leads elsewhere and answers no page: a host that does either has nobody signed in. */
function isSignIn({ type, ok, headers }: Response): boolean {
  return type === 'opaqueredirect' || (ok && /^text\/html/.test(headers.get('content-type') ?? ''));
}

async function answerOf<T>(response: Promise<Response>): Promise<T> {
  return (await (await response).json()) as T;
}

async function errorOf(response: Response): Promise<ApiError> {
  const told = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => (typeof told[name] === 'string' ? told[name] : undefined);
  const message = text('message') ?? `The server answers ${response.status}.`;
  return new ApiError(response.status, message, text('field'), text('code'));
}
