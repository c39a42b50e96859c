import type { ComponentType } from 'preact';
import { Segments } from '../parts/segments';
import { hrefOf, type ViewProps } from '../route';
import { type Mode, modeOf, modes } from './asked';
import { AsOf } from './as-of';
import { Differences } from './differences';
import { History } from './history';
import { Now } from './now';
import './assignments.css';

const labels: Readonly<Record<Mode, string>> = {
  now: 'Now',
  'as-of': 'As of a moment',
  difference: 'Difference',
  history: 'History',
};

const lists: Readonly<Record<Mode, ComponentType<ViewProps>>> = {
  now: Now,
  'as-of': AsOf,
  difference: Differences,
  history: History,
};

/** Who has which role where: now, then, between two moments, and all along. */
export function Assignments({ query }: ViewProps) {
  const mode = modeOf(query);
  const List = lists[mode];
  const segments = modes.map((name) => ({
    label: labels[name],
    href: hrefOf('assignments', { ...query, mode: name === 'now' ? undefined : name, change: undefined }),
    current: name === mode,
  }));
  return (
    <>
      <Segments label="When" of={segments} />
      <List key={mode} query={query} />
    </>
  );
}
