/** Lines end with LF, CRLF or a lone CR, as in every editor. */
const LINE_END = /\r\n|\n|\r/g;
/** The widest source line printed whole, in terminal columns; longer ones are cut around the caret. */
const MAX_WIDTH = 100;
const TAB = '    ';

/** A place in a text, as people count it: both from 1, columns in characters (code points). */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * The line and column of a character offset (UTF-16 units, from 0). An offset beyond the end means the end;
 * a byte order mark does not count as a column.
 */
export function locate(text: string, offset: number): TextPosition {
  const { line, start, at } = findLine(text, offset);
  return { line, column: [...text.slice(start, at)].length + 1 };
}

/** `locate` for offsets asked for in ascending order, without starting over for each. */
export function locator(text: string): (offset: number) => TextPosition {
  let known = { line: 1, start: 0 };
  return (offset) => {
    const { line, start, at } = findLine(text, offset, known);
    known = { line, start };
    return { line, column: [...text.slice(start, at)].length + 1 };
  };
}

/**
 * The source line of a character offset with a caret under the character, ready to print in a fixed-width
 * font. Tabs become spaces, wide characters count two columns, and a long line is cut to the part around the caret.
 */
export function excerptAt(text: string, offset: number): string {
  const { line, start, at } = findLine(text, offset);
  const head = [...text.slice(start, at)].map(printable);
  LINE_END.lastIndex = at;
  const end = LINE_END.exec(text)?.index ?? text.length;
  const tail = [...text.slice(at, end)].map(printable);

  let before = displayWidth(head);
  const shownHead = before > MAX_WIDTH / 2 ? ['…', ...fitFromEnd(head, MAX_WIDTH / 2 - 1)] : head;
  before = displayWidth(shownHead);
  const room = MAX_WIDTH - before;
  const shownTail = displayWidth(tail) > room ? [...fitFromStart(tail, room - 1), '…'] : tail;

  const gutter = `${line} | `;
  const source = `${gutter}${shownHead.join('')}${shownTail.join('')}`;
  return `${source.trimEnd()}\n${' '.repeat(gutter.length - 2)}| ${' '.repeat(before)}^`;
}

/**
 * The line that holds an offset: its number, where it starts, and the offset kept inside the text. The search
 * begins at a line that is known to stand before it.
 */
function findLine(
  text: string,
  offset: number,
  known = { line: 1, start: 0 },
): { line: number; start: number; at: number } {
  const at = Math.max(0, Math.min(offset, text.length));
  let { line, start } = known;
  if (start === 0 && text.startsWith('\uFEFF')) start = 1;
  LINE_END.lastIndex = start;
  for (let end = LINE_END.exec(text); end !== null && LINE_END.lastIndex <= at; end = LINE_END.exec(text)) {
    line += 1;
    start = LINE_END.lastIndex;
  }
  return { line, start, at: Math.max(at, start) };
}

/** A character as it can stand in a terminal: tabs as spaces, other control characters as a mark. */
function printable(character: string): string {
  if (character === '\t') return TAB;
  return /\p{Cc}/u.test(character) ? '·' : character;
}

function fitFromEnd(characters: readonly string[], width: number): string[] {
  return fitFromStart(characters.toReversed(), width).reverse();
}

function fitFromStart(characters: readonly string[], width: number): string[] {
  let used = 0;
  const tooMuch = characters.findIndex((character) => {
    used += characterWidth(character);
    return used > width;
  });
  return characters.slice(0, tooMuch === -1 ? undefined : tooMuch);
}

function displayWidth(characters: readonly string[]): number {
  return characters.reduce((sum, character) => sum + characterWidth(character), 0);
}

/** Terminal columns of one printed unit: 0 for combining marks, 2 for East Asian wide characters and emoji. */
function characterWidth(character: string): number {
  if (character.length > 1 && character === TAB) return TAB.length;
  if (/^[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Unicode Annex 11's wide blocks, coarse: Hangul Jamo, CJK, Hangul, full-width forms, emoji. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}])/u;
