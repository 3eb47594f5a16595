/** One `--` comment of a script. */
export interface LineComment {
  /** Everything from `--` to the end of the line, without the line end. */
  readonly text: string;
  /** Line in the script, from 1. */
  readonly line: number;
  readonly column: number;
  /** True when a statement has begun before it. */
  readonly afterStatement: boolean;
}

const BETWEEN = /[\s\uFEFF;]/;

/**
 * Finds the `--` comments of a script and tells them from text that only looks like one: quoted strings,
 * quoted names, dollar-quoted bodies and block comments are stepped over. It is no parser: an unclosed
 * quote simply reaches to the end, and the engine's own parser reports it later.
 */
export function lineComments(sql: string): LineComment[] {
  const found: LineComment[] = [];
  let afterStatement = false;
  let at = 0;
  let line = 1;
  let lineStart = 0;

  const moveTo = (end: number): void => {
    for (let next = sql.indexOf('\n', at); next !== -1 && next < end; next = sql.indexOf('\n', next + 1)) {
      line++;
      lineStart = next + 1;
    }
    at = end;
  };

  while (at < sql.length) {
    const here = sql[at]!;
    if (sql.startsWith('--', at)) {
      const end = endOfLine(sql, at);
      found.push({ text: sql.slice(at, end), line, column: at - lineStart + 1, afterStatement });
      moveTo(end);
    } else if (sql.startsWith('/*', at)) {
      moveTo(endOfBlockComment(sql, at));
    } else if (BETWEEN.test(here)) {
      moveTo(at + 1);
    } else {
      afterStatement = true;
      moveTo(endOfToken(sql, at));
    }
  }
  return found;
}

/** False for a script of nothing but comments, blank space and semicolons. */
export function hasStatements(sql: string): boolean {
  for (let at = 0; at < sql.length; ) {
    if (sql.startsWith('--', at)) at = endOfLine(sql, at);
    else if (sql.startsWith('/*', at)) at = endOfBlockComment(sql, at);
    else if (BETWEEN.test(sql[at]!)) at += 1;
    else return true;
  }
  return false;
}

function endOfLine(sql: string, from: number): number {
  const rest = /[\r\n]/g;
  rest.lastIndex = from;
  return rest.exec(sql)?.index ?? sql.length;
}

/** Block comments nest, as in PostgreSQL. */
function endOfBlockComment(sql: string, from: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  let depth = 0;
  for (let match = edge.exec(sql); match !== null; match = edge.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

const WORD = /[\p{L}\p{N}_$]+/uy;
const ESCAPE_STRING = /[eE]'(?:[^'\\]|\\[\s\S]|'')*'?/y;
const STRING = /'(?:[^']|'')*'?/y;
const QUOTED_NAME = /"(?:[^"]|"")*"?/y;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

function endOfToken(sql: string, at: number): number {
  const quoted =
    matchEnd(ESCAPE_STRING, sql, at) ?? matchEnd(STRING, sql, at) ?? matchEnd(QUOTED_NAME, sql, at);
  if (quoted !== undefined) return quoted;
  const bodyStart = matchEnd(DOLLAR_TAG, sql, at);
  if (bodyStart !== undefined) {
    const tag = sql.slice(at, bodyStart);
    const close = sql.indexOf(tag, bodyStart);
    return close === -1 ? sql.length : close + tag.length;
  }
  // A whole word at once, so that the dollars of a name like a$b$c open no quote.
  return matchEnd(WORD, sql, at) ?? at + 1;
}

function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
