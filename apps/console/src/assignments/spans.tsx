const spans = [
  ['1 hour ago', 1],
  ['24 hours ago', 24],
  ['7 days ago', 168],
  ['30 days ago', 720],
] as const;

/** Moments that are asked for often, as links. */
export function Spans({ hrefOf }: { hrefOf: (moment: string) => string }) {
  return (
    <p class="ways">
      Choose one above, or take{' '}
      {spans.map(([label, hours]) => (
        <a key={label} href={hrefOf(new Date(Date.now() - hours * 3_600_000).toISOString())}>
          {label}
        </a>
      ))}
    </p>
  );
}
