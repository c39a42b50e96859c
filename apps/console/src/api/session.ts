import { settings } from './settings';

/** What a host's own module exports (option `http.console.session.module`). */
interface SessionModule {
  /** The header `Authorization` of a request, asked for each one; nothing, if nobody is signed in. */
  authorization(): string | null | undefined | Promise<string | null | undefined>;
}

/** Who is signed in, in the words of the host: a cookie that the browser sends by itself, a token, or what a function says. */
export async function authorization(): Promise<Record<string, string>> {
  const header = await headerOf();
  return header ? { authorization: header } : {};
}

async function headerOf(): Promise<string | null | undefined> {
  const { session = 'cookie' } = settings;
  if (session === 'cookie') return null;
  if ('storage' in session) {
    const token = window[session.storage].getItem(session.key);
    return token && `Bearer ${token}`;
  }
  const url = new URL(session.module, location.href).href;
  const host = (await import(/* @vite-ignore */ url)) as SessionModule;
  return host.authorization();
}

/** Where to sign in, and to come back here afterwards; `undefined` if the host does not say. */
export function signInHref(): string | undefined {
  if (!settings.signInUrl) return undefined;
  const url = new URL(settings.signInUrl, location.href);
  url.searchParams.set('returnTo', location.href);
  return url.href;
}
