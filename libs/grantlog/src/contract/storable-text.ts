const replacement = '\u{FFFD}';
const controlCharacter = /\p{Cc}/gu;

/**
 * Text of a refused call, so that the log can hold it whatever it is: at most `most` characters (code points; the last one is `…` if
 * it was longer), control characters and halves of characters replaced by U+FFFD; `''` for what is no text.
 * @param unprintable finds the characters that are replaced. Default: all control characters
 */
export function storableText(value: unknown, most = 255, unprintable = controlCharacter): string {
  if (typeof value !== 'string') return '';
  return shortened(value, most).toWellFormed().replace(unprintable, replacement);
}

/** Looks at no more than it keeps: a text of many megabytes costs as much as a short one. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const beginning = [...text.slice(0, 2 * most + 2)]; // a code point has one unit or two
  return beginning.length <= most ? text : [...beginning.slice(0, most - 1), '…'].join('');
}
