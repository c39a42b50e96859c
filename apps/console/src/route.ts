import { useEffect, useState } from 'preact/hooks';

export const views = ['records', 'assignments', 'why', 'health'] as const;
export type View = (typeof views)[number];

/** What the page shows: all of it stands in the address, so that a link shows the same to somebody else. */
export interface Route {
  readonly view: View;
  readonly query: Readonly<Record<string, string>>;
}

export type Query = Readonly<Record<string, string | undefined>>;

/** What each view gets: its part of the address. */
export interface ViewProps {
  readonly query: Query;
}

/** `#/records?actor=user%5E7`; the part of an address that browsers send to no server. Only the host's page to sign in is told, as where to come back to. */
export function hrefOf(view: View, query: Query = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(given).toString();
  return search ? `#/${view}?${search}` : `#/${view}`;
}

export function routeOf(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const view = views.find((name) => name === path) ?? 'records';
  return { view, query: Object.fromEntries(new URLSearchParams(search)) };
}

export function go(view: View, query: Query = {}): void {
  location.hash = hrefOf(view, query);
}

/** Changes the address without a step back: for what nobody would want to come back to. */
export function amend(view: View, query: Query): void {
  location.replace(hrefOf(view, query));
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const follow = (): void => setRoute(routeOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}
