/**
 * A text that somebody else wrote (a name, a row of the history) for the middle of a line: control characters and
 * those that turn the direction of writing are shown by their code, for they could move the cursor or hide text.
 */
export function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
