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
 * The tokens of SQLite's tokenizer (tokenize.c), the frequent ones first; white space has no kind. A block comment
 * without an end reaches to the end of the text, as it does for SQLite.
 */
const SHAPES: readonly (readonly [kind: TokenKind | 'space', pattern: string])[] = [
  ['space', String.raw`[ \t\n\f\r\uFEFF]+`],
  ['blob', `[xX]'(?:[0-9a-fA-F]{2})*'`],
  ['word', String.raw`[A-Za-z_\x80-\uFFFF][A-Za-z0-9_$\x80-\uFFFF]*`],
  ['comment', String.raw`--[^\n]*|/\*[\s\S]*?(?:\*/|$)`],
  ['string', `'(?:[^']|'')*'`],
  ['quoted', String.raw`"(?:[^"]|"")*"|\x60(?:[^\x60]|\x60\x60)*\x60|\[[^\]]*\]`],
  ['unterminated', String.raw`['"\x60\[]`],
  [
    'number',
    String.raw`0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?`,
  ],
  ['variable', String.raw`\?[0-9]*|[:@#$][A-Za-z0-9_$\x80-\uFFFF]+(?:::[A-Za-z0-9_$\x80-\uFFFF]+)*`],
  ['symbol', String.raw`->>|->|<=|<>|<<|==|!=|>=|>>|\|\||[-+*/%(),;.=<>&|~]`],
  ['illegal', String.raw`[\s\S]`],
];

/** One group a shape, so that the group that matched tells the kind. Sticky: one match a token. */
const TOKEN = new RegExp(SHAPES.map(([, pattern]) => `(${pattern})`).join('|'), 'y');

/** Cuts SQL into tokens. Never throws: what is no token comes as `illegal` or `unterminated`. */
export function tokens(sql: string): Token[] {
  const list: Token[] = [];
  const pattern = new RegExp(TOKEN);
  for (let match = pattern.exec(sql); match !== null; match = pattern.exec(sql)) {
    let group = 1;
    while (match[group] === undefined) group += 1;
    const [kind] = SHAPES[group - 1]!;
    if (kind === 'space') continue;
    const end = kind === 'unterminated' ? sql.length : pattern.lastIndex;
    list.push({ kind, start: match.index, end });
    pattern.lastIndex = end;
    if (end >= sql.length) break;
  }
  return list;
}
