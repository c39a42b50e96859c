import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Bar {
  readonly name: string;
  /** `null` if it is not known. */
  readonly count: number | null;
  readonly href: string;
}

/** Bars that lead somewhere: one stop for the Tab key, and arrows within. Their names say what is seen. */
export function Bars({ label, of: bars }: { label: string; of: readonly Bar[] }) {
  const svg = useRef<SVGSVGElement>(null);
  const focused = useRef(false);
  const [place, setAt] = useState(Infinity);
  const at = Math.min(place, bars.length - 1);
  const focus = (index: number): void => svg.current?.querySelectorAll('a')[index]?.focus();
  const most = Math.max(1, ...bars.map(({ count }) => count ?? 0));
  // What was chosen may have given way to other bars: the focus stays among them.
  useLayoutEffect(() => {
    if (focused.current && document.activeElement === document.body) focus(at);
  }, [bars.length]);
  const press = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: bars.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    focus(Math.max(0, Math.min(to, bars.length - 1)));
  };
  return (
    <svg
      ref={svg}
      role="group"
      aria-label={label}
      viewBox={`0 0 ${bars.length} 100`}
      preserveAspectRatio="none"
      onKeyDown={press}
      onFocusIn={() => (focused.current = true)}
      onFocusOut={({ relatedTarget }) => relatedTarget && (focused.current = false)}
    >
      {bars.map((bar, index) => (
        <BarLink key={index} {...bar} x={index} most={most} stop={index === at} onFocus={() => setAt(index)} />
      ))}
    </svg>
  );
}

interface BarLinkProps extends Bar {
  readonly x: number;
  readonly most: number;
  readonly stop: boolean;
  readonly onFocus: () => void;
}

function BarLink({ name, count, href, x, most, stop, onFocus }: BarLinkProps) {
  const told = `${name}: ${count === null ? 'not counted' : `${count.toLocaleString('en')} ${count === 1 ? 'record' : 'records'}`}`;
  // A single record beside thousands is still seen.
  const height = count ? Math.max(3, (count / most) * 100) : 0;
  return (
    <a href={href} aria-label={told} tabIndex={stop ? 0 : -1} onFocus={onFocus}>
      <title>{told}</title>
      <rect class={count === null ? 'place unknown' : 'place'} x={x} y={0} width={1} height={100} />
      <rect class="bar" x={x + 0.1} y={100 - height} width={0.8} height={height} />
    </a>
  );
}
