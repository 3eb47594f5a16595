/** Where comments of schema files stand that say something about the line they are on, or the next one. */

export const IDENT = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
export const DOTTED = String.raw`${IDENT}(?:\s*\.\s*${IDENT})*`;
/** A statement that makes something, with what it is called. */
export const CREATE = new RegExp(
  String.raw`^\s*create\s+(?:or\s+replace\s+)?(?:(?:unlogged|unique|recursive|constraint|foreign|materialized)\s+)*` +
    String.raw`(?<what>table|view|type|domain|sequence|schema|index|trigger|policy|rule|function|procedure|aggregate|statistics|collation)\s+` +
    String.raw`(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?(?<name>${DOTTED})(?<rest>[^;]*)`,
  'iu',
);
/** A line of a table that begins with a name: that of a column, where it is no word of SQL. */
export const COLUMN = new RegExp(String.raw`^\s*,?\s*(?<name>${IDENT})`, 'iu');

/** The line that a comment is about. */
export interface CommentedLine {
  /** It, and what goes on below. */
  readonly text: string;
  readonly line: string;
  /** All that stands above it. */
  readonly above: string;
}

/** The line that the comment at `offset` is about: its own, or the next with SQL; undefined where none is left. */
export function commentedLine(sql: string, offset: number): CommentedLine | undefined {
  const lineStart = sql.lastIndexOf('\n', offset) + 1;
  const isAbove = sql.slice(lineStart, offset).trim() === '';
  const start = isAbove ? nextCode(sql, offset) : lineStart;
  if (start === undefined) return undefined;
  // What is said at the end of a line is about that line; what goes on below is the rest of the statement.
  const text = isAbove
    ? sql.slice(start)
    : sql.slice(start, offset) + (/\n.*$/s.exec(sql.slice(offset))?.[0] ?? '');
  const line = isAbove ? text.split('\n', 1)[0]! : sql.slice(start, offset);
  return { text, line, above: sql.slice(0, start) };
}

/** Where the next line begins that is neither empty nor a comment. */
function nextCode(sql: string, offset: number): number | undefined {
  let start = sql.indexOf('\n', offset) + 1;
  while (start > 0) {
    const end = sql.indexOf('\n', start);
    const line = sql.slice(start, end === -1 ? undefined : end).trim();
    if (line !== '' && !line.startsWith('--')) return start;
    if (end === -1) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** The table, type or domain whose CREATE the line stands in: the last one that began before it. */
export function ownerAround(above: string): string | undefined {
  for (const line of above.split('\n').reverse()) {
    const { what, name } = CREATE.exec(line)?.groups ?? {};
    if (what !== undefined && /^(table|type|domain)$/i.test(what)) return partsOf(name!).join('.');
  }
  return undefined;
}

export function partsOf(name: string): string[] {
  return (name.match(/"(?:[^"]|"")+"|[^".\s]+/g) ?? []).map(unquoted);
}

/** A name as the catalog has it: quoted ones as they are, others in lower case. */
export function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}
