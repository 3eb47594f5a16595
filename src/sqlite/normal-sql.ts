import { type Token, tokens } from './lexer.js';
import { foldName, isKeyword, quoteName, unquoteName } from './names.js';

/**
 * SQL in one spelling, for comparing: comments and white space gone, keywords in capitals, names without
 * quotes they do not need. What decides a result stays: the text of strings and numbers, and the case of
 * names, because a view's columns are called after them.
 */
export function normalSql(sql: string): string {
  return spell(sql, (name) => name);
}

/** As `normalSql`, for expressions that name no result: the case of names is gone too. */
export function normalExpression(sql: string): string {
  return spell(sql, foldName);
}

/** Keywords that people use as names; a rename by the engine puts them in quotes, which must be no difference. */
const MOSTLY_NAMES = new Set(
  `action after before cascade conflict current database each end first groups key last match no of offset plan
  query range release row rows temp trigger view`.split(/\s+/),
);

function spell(sql: string, name: (text: string) => string): string {
  const words: string[] = [];
  for (const token of tokens(sql)) {
    if (token.kind !== 'comment') words.push(spellToken(token, sql, name));
  }
  return words.join(' ');
}

function spellToken(token: Token, sql: string, name: (text: string) => string): string {
  const text = sql.slice(token.start, token.end);
  switch (token.kind) {
    case 'word':
      return MOSTLY_NAMES.has(text.toLowerCase())
        ? text.toLowerCase()
        : isKeyword(text)
          ? text.toUpperCase()
          : quoteName(name(text));
    case 'quoted': {
      const unquoted = unquoteName(text);
      return MOSTLY_NAMES.has(unquoted.toLowerCase()) ? unquoted.toLowerCase() : quoteName(name(unquoted));
    }
    case 'number':
      return text.toLowerCase();
    default:
      return text;
  }
}
