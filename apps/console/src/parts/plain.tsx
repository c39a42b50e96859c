import { codePointOf, turning } from './turning';

/**
 * Text from elsewhere, in a direction of its own. A character that would make it look like another text is there, but in an element of its
 * own where it turns nothing, and its name is seen (style.css).
 */
export function Plain({ text }: { text: string | null | undefined }) {
  const parts = (text ?? '').split(new RegExp(`(${turning.source})`, 'u'));
  return <bdi>{parts.map((part) => (turning.test(part) ? <Turning character={part} /> : part))}</bdi>;
}

function Turning({ character }: { character: string }) {
  return (
    <bdi class="mark warn turning" data-name={codePointOf(character)}>
      {character}
    </bdi>
  );
}
