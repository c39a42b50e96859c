export interface Segment {
  readonly label: string;
  readonly href: string;
  readonly current: boolean;
}

/** Ways to look at the same, of which one is chosen. */
export function Segments({ label, of }: { label: string; of: readonly Segment[] }) {
  return (
    <nav class="segments" aria-label={label}>
      {of.map((segment) => (
        <a key={segment.label} href={segment.href} aria-current={segment.current ? 'page' : undefined}>
          {segment.label}
        </a>
      ))}
    </nav>
  );
}
