import { InvalidInputError } from '../contract/grantlog.error';

/** How the web console is let in, by the sign-in that the host has already. */
export interface ConsoleOptions {
  /**
   * How the console's calls say who is signed in:
   * - `'cookie'`: by the host's cookies, which the browser sends along;
   * - `{ storage, key }`: by a bearer token that the host's pages keep in the browser's storage, under that key;
   * - `{ module }`: by what the function `authorization()` of a JavaScript module of the host gives, the value of the header `Authorization` or
   *   nothing; a path on the same server, asked for each call.
   *
   * Default: `'cookie'`
   */
  readonly session?:
    | 'cookie'
    | { readonly storage: 'localStorage' | 'sessionStorage'; readonly key: string }
    | { readonly module: string };
  /**
   * The host's page to sign in: a path on the same server, or an address; opened with `?returnTo=<address of the console>`.
   * Default: none; who is not signed in is told to sign in to the host and to load the page again
   */
  readonly signInUrl?: string;
}

/** @throws InvalidInputError naming the option */
export function checkedConsole(options: ConsoleOptions): ConsoleOptions {
  const { session = 'cookie', signInUrl, ...unknown } = options;
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw new InvalidInputError(`http.console.${name}`, 'is not known; look for a misspelling');
  if (!isSession(session)) {
    throw new InvalidInputError(
      'http.console.session',
      "must be 'cookie', { storage: 'localStorage' or 'sessionStorage', key }, or { module } with a path on the same server, such as /session.js",
    );
  }
  if (signInUrl !== undefined && !isWebAddress(signInUrl)) {
    throw new InvalidInputError('http.console.signInUrl', 'must be a path, such as /sign-in, or an http address');
  }
  return { session, signInUrl };
}

function isSession(session: unknown): boolean {
  if (session === 'cookie') return true;
  if (typeof session !== 'object' || session === null) return false;
  const { storage, key, module, ...unknown } = session as Record<string, unknown>;
  if (Object.keys(unknown).length > 0) return false;
  if (module !== undefined) return isPath(module) && storage === undefined && key === undefined;
  return (storage === 'localStorage' || storage === 'sessionStorage') && typeof key === 'string' && key !== '';
}

/** The page may load scripts of its own server only; `//elsewhere` would be another one. */
function isPath(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value, home) && new URL(value, home).origin === home;
}

/** A link of the page: never `javascript:` or the like. */
function isWebAddress(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value !== '' &&
    URL.canParse(value, home) &&
    /^https?:$/.test(new URL(value, home).protocol)
  );
}

const home = 'http://host.invalid';
