/**
 * Characters that turn the text behind them or are not seen at all: by them a key can look like another one (Unicode, TR 36). Joiners that
 * scripts need are none of them.
 */
export const turning = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** `U+202E` */
export function codePointOf(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** JSON of anything, in which they are written as JSON allows: \u202e. */
export function jsonOf(value: unknown): string {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, null, 2).replace(new RegExp(turning, 'gu'), escaped);
}
