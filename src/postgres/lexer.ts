/** A piece of SQL text that the splitter has to tell apart. Whitespace is not a token. */
export interface Token {
  readonly kind: 'word' | 'string' | 'identifier' | 'comment' | 'symbol';
  readonly start: number;
  /** Offset behind the last character; the end of the text when a string or comment is not closed. */
  readonly end: number;
}

// PostgreSQL's own whitespace and no more: a no-break space is part of a name.
const SPACE = /[ \t\n\r\f\v]*/y;
// A word takes its dollars with it (`a$b$c` is a name); a number does not (`1$$x$$` is a number and a string).
const WORD = /[\p{L}_\u0080-\u{10ffff}][\p{L}\p{N}_$\u0080-\u{10ffff}]*|[0-9][0-9a-zA-Z_.]*/uy;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*)?\$/uy;
/** What may stand between the parts of one string constant: whitespace with a line end, and line comments. */
const CONTINUATION = /[ \t\f\v]*(?:--[^\r\n]*)?[\r\n](?:[ \t\n\r\f\v]|--[^\r\n]*[\r\n])*'/y;

/**
 * Cuts SQL into tokens by the lexical rules of PostgreSQL (documentation, "Lexical Structure") with
 * `standard_conforming_strings` on. Never fails: what is not closed reaches to the end, and saying so is left to the
 * real parser. It exists because psql commands and inline COPY data must be found in text the parser rejects.
 */
export function* tokens(sql: string): Generator<Token> {
  let at = skip(SPACE, sql, sql.startsWith('\uFEFF') ? 1 : 0);
  while (at < sql.length) {
    const token = next(sql, at);
    yield token;
    at = skip(SPACE, sql, token.end);
  }
}

function next(sql: string, start: number): Token {
  const two = sql.slice(start, start + 2);
  if (two === '--') return { kind: 'comment', start, end: lineEnd(sql, start) };
  if (two === '/*') return { kind: 'comment', start, end: blockCommentEnd(sql, start) };
  if (two === "E'" || two === "e'") return { kind: 'string', start, end: escapeStringEnd(sql, start + 1) };
  if (two[0] === "'") return { kind: 'string', start, end: quotedEnd(sql, start, "'") };
  if (two[0] === '"') return { kind: 'identifier', start, end: quotedEnd(sql, start, '"') };
  if (two[0] === '$') {
    const opened = skip(DOLLAR_TAG, sql, start);
    if (opened > start) {
      const tag = sql.slice(start, opened);
      const close = sql.indexOf(tag, opened);
      return { kind: 'string', start, end: close === -1 ? sql.length : close + tag.length };
    }
  }
  const word = skip(WORD, sql, start);
  return word > start ? { kind: 'word', start, end: word } : { kind: 'symbol', start, end: start + 1 };
}

/** The offset behind what a sticky pattern matches at `at`; `at` itself when it does not match. */
function skip(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : at;
}

function lineEnd(sql: string, start: number): number {
  for (let at = start; at < sql.length; at += 1) {
    if (sql[at] === '\n' || sql[at] === '\r') return at;
  }
  return sql.length;
}

function blockCommentEnd(sql: string, start: number): number {
  let depth = 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

/** A doubled quote closes and opens again at once, so it needs no rule of its own beyond being skipped. */
function quotedEnd(sql: string, start: number, quote: string): number {
  let at = sql.indexOf(quote, start + 1);
  while (at !== -1 && sql[at + 1] === quote) at = sql.indexOf(quote, at + 2);
  return at === -1 ? sql.length : at + 1;
}

/** An E-string, its continuation lines included: backslashes escape in those too. `start` is at the quote. */
function escapeStringEnd(sql: string, start: number): number {
  for (let at = start + 1; at < sql.length; at += 1) {
    if (sql[at] === '\\') at += 1;
    else if (sql[at] === "'") {
      if (sql[at + 1] === "'") at += 1;
      else {
        const continued = skip(CONTINUATION, sql, at + 1);
        if (continued === at + 1) return at + 1;
        at = continued - 1;
      }
    }
  }
  return sql.length;
}
