import { Plain } from './plain';

interface KeyProps {
  /** The namespaced key; `null` for an actor that nobody knows. */
  readonly of: string | null;
  /** The key without its namespace, where the server says it. */
  readonly display?: string | null;
  /** Where pointing at it leads. */
  readonly href?: string;
}

/**
 * A namespaced key as it is, its namespace less loud. It stands in an element of its own direction: a key that is written from right to left
 * may not turn what stands beside it.
 */
export function Key({ of, display, href }: KeyProps) {
  if (of === null) return <span class="quiet">system</span>;
  const shown = display && of.endsWith(display) ? display : of;
  const text = (
    <bdi class="key">
      <span class="namespace">{of.slice(0, of.length - shown.length)}</span>
      <Plain text={shown} />
    </bdi>
  );
  return href ? <a href={href}>{text}</a> : text;
}
