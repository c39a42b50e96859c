import type { ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Assignments } from './assignments/assignments';
import { Health } from './health/health';
import { InZone, ZoneSwitch } from './parts/zone';
import { Records } from './records/records';
import { hrefOf, useRoute, type View, type ViewProps, views } from './route';
import { Why } from './why/why';

const titles: Readonly<Record<View, string>> = {
  records: 'Records',
  assignments: 'Assignments',
  why: 'Why?',
  health: 'Health',
};

const pages: Readonly<Record<View, ComponentType<ViewProps>>> = {
  records: Records,
  assignments: Assignments,
  why: Why,
  health: Health,
};

export function App() {
  const { view, query } = useRoute();
  const Page = pages[view];
  const heading = useFocusOn(view);
  return (
    <InZone>
      <a class="skip" href="#main" onClick={(event) => skipTo(event, heading.current)}>
        Skip to what is shown
      </a>
      <header class="top">
        <span class="brand">Grantlog</span>
        <nav aria-label="Views">
          {views.map((name) => (
            <a key={name} href={hrefOf(name)} aria-current={name === view ? 'page' : undefined}>
              {titles[name]}
            </a>
          ))}
        </nav>
        <ZoneSwitch />
      </header>
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>
          {titles[view]}
        </h1>
        <Page key={view} query={query} />
      </main>
    </InZone>
  );
}

/** Whoever changes the view by keyboard or hears the page goes on at its heading; not when the page is opened. */
function useFocusOn(view: View) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(view);
  useEffect(() => {
    document.title = `${titles[view]} · Grantlog`;
    if (shown.current !== view) heading.current?.focus();
    shown.current = view;
  }, [view]);
  return heading;
}

/** The part of the address behind # is the view, so that it cannot be a place on the page too. */
function skipTo(event: Event, heading: HTMLElement | null): void {
  event.preventDefault();
  heading?.focus();
}
