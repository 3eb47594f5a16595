/** Comments, quoted text of every kind, words, and any other single character. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)|\$((?:[A-Za-z_]\w*)?)\$[\s\S]*?(?:\$\1\$|$)|[A-Za-z_][\w$]*|\s+|[\s\S]/g;

/**
 * Ends the last statement of a text with a semicolon where that is missing: other tools know where a statement
 * ends by markers of theirs, which go.
 */
export function endStatement(text: string): string {
  let end = 0;
  let last = ';';
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (/^(?:\s|--|\/\*)/.test(token)) continue;
    last = token;
    end = index + token.length;
  }
  return last === ';' ? text : `${text.slice(0, end)};${text.slice(end)}`;
}

/** A section of a file on its own: no blank lines around it, one line end after it; empty when it is blank. */
export function trimSection(text: string): string {
  const trimmed = text.replace(/^(?:[ \t]*\n)+/, '').trimEnd();
  return trimmed === '' ? '' : `${trimmed}\n`;
}
