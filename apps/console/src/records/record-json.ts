/** Characters that turn the text around them, or cannot be seen. */
const turning = /[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** The item as the API gives it; what could deceive the eye is written as JSON allows, \u202e. */
export function jsonOf(item: unknown): string {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(item, null, 2).replace(turning, escaped);
}
