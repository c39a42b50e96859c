import { codePointOf, turning } from './turning';

/** Text from elsewhere in a direction of its own; characters that would make it look like another text are named instead. */
export function Plain({ text }: { text: string | null | undefined }) {
  const parts = (text ?? '').split(new RegExp(`(${turning.source})`, 'u'));
  return (
    <bdi>{parts.map((part) => (turning.test(part) ? <span class="mark warn">{codePointOf(part)}</span> : part))}</bdi>
  );
}
