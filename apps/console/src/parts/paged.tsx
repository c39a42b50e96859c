import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Page } from '../api/answers';
import type { Pages } from '../api/pages';
import { Failed, Loading } from './states';

interface PagedProps {
  readonly pages: Pages<Page<unknown>>;
  /** What there are, as in "50 assignments". */
  readonly what: string;
  /** Shown when there are none. */
  readonly empty: ComponentChildren;
  readonly children: ComponentChildren;
  /** Where the focus goes when what held it is gone. */
  readonly counted?: RefObject<HTMLParagraphElement | null>;
}

/** A list page by page: in the making, not to be had, empty, or there, with how many there are and a way to more. */
export function Paged({ pages, what, empty, children, counted }: PagedProps) {
  const { first, items, error, loading, more, again } = pages;
  if (error && !first) return <Failed error={error} again={again} />;
  if (!first) return <Loading what={what} />;
  if (items.length === 0 && !more) return empty; // a page may be empty because the server has not looked at everything yet
  return (
    <div aria-busy={loading}>
      {children}
      {error && <Failed error={error} again={more} />}
      <More {...{ what, counted, more, loading }} count={items.length} />
    </div>
  );
}

interface MoreProps extends Pick<PagedProps, 'what' | 'counted'>, Pick<PagedProps['pages'], 'more' | 'loading'> {
  readonly count: number;
}

/** The button stays where it is while it loads, and after the last page the focus goes to the count beside it. */
function More({ what, counted, more, loading, count }: MoreProps) {
  const own = useRef<HTMLParagraphElement>(null);
  const told = counted ?? own;
  const pressed = useRef(false);
  useEffect(() => {
    if (pressed.current && !more) told.current?.focus();
    pressed.current = false;
  }, [count]);
  const load = (): void => {
    pressed.current = true;
    more?.();
  };
  return (
    <div class="more">
      <p ref={told} tabIndex={-1} role="status" class="quiet">
        {count} {count === 1 ? what.replace(/s$/, '') : what} shown
        {more && (count ? '; there are more' : ' so far; there may be more')}
      </p>
      {more && (
        <button type="button" aria-disabled={loading} onClick={load}>
          {loading ? 'Loading …' : 'Show more'}
        </button>
      )}
    </div>
  );
}
