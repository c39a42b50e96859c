import type { ComponentChildren } from 'preact';
import { ApiError } from '../api/api';
import { signInHref } from '../api/session';

/** Nothing there: says so, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="state loading" role="status">
      Loading {what} …
    </p>
  );
}

/** What went wrong and what to do about it. */
export function Failed({ error, again }: { error: Error; again?: () => void }) {
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === 401) return <Expired />;
  return (
    <div class="state failed" role="alert">
      <h2>{titles[status ?? -1] ?? 'This did not work'}</h2>
      <p>{error.message}</p>
      {again && status !== 400 && status !== 403 && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

const titles: Readonly<Record<number, string>> = {
  0: 'The server cannot be reached',
  400: 'This cannot be asked',
  403: 'You may not see this',
  404: 'There is no such thing, or you may not see it',
};

function Expired() {
  const href = signInHref();
  return (
    <div class="state failed" role="alert">
      <h2>You are not signed in, or your session has ended</h2>
      {href ? (
        <p>
          <a class="button" href={href}>
            Sign in
          </a>{' '}
          and you are led back to this page as it is.
        </p>
      ) : (
        <p>Sign in to the application that this page belongs to, and load this page again.</p>
      )}
    </div>
  );
}
