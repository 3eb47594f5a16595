/** One token of SQLite's SQL, comments included and white space left out. */
export interface Token {
  readonly kind: TokenKind;
  /** Character offsets: `sql.slice(start, end)` is the token as written. */
  readonly start: number;
  readonly end: number;
}

export type TokenKind =
  /** A bare word: keyword or name. */
  | 'word'
  /** A name in "…", […] or `…`. */
  | 'quoted'
  | 'string'
  | 'blob'
  | 'number'
  | 'variable'
  | 'symbol'
  | 'comment'
  /** A quote or bracket that is never closed; it takes the rest of the text. */
  | 'unterminated'
  /** A character that begins no token. */
  | 'illegal';

/**
 * White space, comments, then the tokens of SQLite's tokenizer (tokenize.c). A block comment without an end
 * reaches to the end of the text, as it does for SQLite. Sticky: one match a token.
 */
const TOKEN = new RegExp(
  [
    String.raw`(?<space>[ \t\n\f\r\uFEFF]+)`,
    String.raw`(?<comment>--[^\n]*|/\*[\s\S]*?(?:\*/|$))`,
    `(?<blob>[xX]'(?:[0-9a-fA-F]{2})*')`,
    `(?<string>'(?:[^']|'')*')`,
    String.raw`(?<quoted>"(?:[^"]|"")*"|\x60(?:[^\x60]|\x60\x60)*\x60|\[[^\]]*\])`,
    String.raw`(?<unterminated>['"\x60\[])`,
    String.raw`(?<number>0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?)`,
    String.raw`(?<word>[A-Za-z_\x80-\uFFFF][A-Za-z0-9_$\x80-\uFFFF]*)`,
    String.raw`(?<variable>\?[0-9]*|[:@#$][A-Za-z0-9_$\x80-\uFFFF]+(?:::[A-Za-z0-9_$\x80-\uFFFF]+)*)`,
    String.raw`(?<symbol>->>|->|<=|<>|<<|==|!=|>=|>>|\|\||[-+*/%(),;.=<>&|~])`,
    String.raw`(?<illegal>[\s\S])`,
  ].join('|'),
  'y',
);

/** Cuts SQL into tokens. Never throws: what is no token comes as `illegal` or `unterminated`. */
export function* tokens(sql: string): Generator<Token> {
  const pattern = new RegExp(TOKEN);
  for (let match = pattern.exec(sql); match !== null; match = pattern.exec(sql)) {
    const kind = Object.keys(match.groups!).find((name) => match.groups![name] !== undefined)!;
    const start = match.index;
    if (kind === 'unterminated') {
      yield { kind, start, end: sql.length };
      return;
    }
    if (kind !== 'space') yield { kind: kind as TokenKind, start, end: pattern.lastIndex };
  }
}
