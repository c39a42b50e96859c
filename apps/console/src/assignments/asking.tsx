import type { ComponentChildren } from 'preact';
import type { Page } from '../api/answers';
import type { Pages } from '../api/pages';
import { wrongAt } from '../parts/draft';
import type { Query } from '../route';
import { filters, modeOf, moments } from './asked';
import { FilterForm } from './filter-form';

interface AskingProps {
  readonly query: Query;
  readonly pages: Pages<Page<unknown>>;
  /** What to say as long as too little is asked. */
  readonly prompt?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The form, and what it asks for, unless the server says that something is wrong with a field of it. */
export function Asking({ query, pages: { error, again }, prompt, children }: AskingProps) {
  const wrong = [...filters, ...moments[modeOf(query)]].some((name) => wrongAt(name, error));
  return (
    <>
      <FilterForm query={query} error={error} again={again} />
      {prompt || (!wrong && children)}
    </>
  );
}
