/** Controls of terminals, and those that turn the direction of writing, with which a text could look like another one. */
const commanding = /[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/**
 * The text, so that a terminal shows it and does nothing else: who writes a reason must not be able to clear the screen of whoever reads it.
 * Line ends stay.
 */
export function printable(text: string): string {
  return text.replace(commanding, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
