import { compareText } from '../schema/object.js';

/**
 * Words that cannot stand as a name without quotes everywhere, or that mean something else as an expression.
 * All of SQLite's keywords: quoting one too many hurts nobody.
 */
const KEYWORDS = new Set(
  `abort action add after all alter always analyze and as asc attach autoincrement before begin between by
  cascade case cast check collate column commit conflict constraint create cross current current_date
  current_time current_timestamp database default deferrable deferred delete desc detach distinct do drop each
  else end escape except exclude exclusive exists explain fail false filter first following for foreign from
  full generated glob group groups having if ignore immediate in index indexed initially inner insert instead
  intersect into is isnull join key last left like limit match materialized natural no not nothing notnull
  null nulls of offset on or order others outer over partition plan pragma preceding primary query raise range
  recursive references regexp reindex release rename replace restrict returning right rollback row rows
  savepoint select set table temp temporary then ties to transaction trigger true unbounded union unique
  update using vacuum values view virtual when where window with within without`
    .split(/\s+/)
    .filter(Boolean),
);

/** The keywords that SQLite's grammar also takes for a name where nothing else fits (`%fallback ID` in parse.y). */
const FALLBACK = new Set(
  `abort action after always analyze asc attach before begin by cascade cast conflict current current_date
  current_time current_timestamp database deferred desc detach do each end except exclude exclusive explain fail
  first following for generated glob groups if ignore immediate initially instead intersect key last like
  match materialized no nulls of offset others partition plan pragma preceding query raise range recursive
  regexp reindex release rename replace restrict rollback row rows savepoint temp temporary ties trigger
  unbounded union vacuum view virtual with within without`
    .split(/\s+/)
    .filter(Boolean),
);

/** True for a bare word that can be a name: no keyword, or one that SQLite takes for a name. */
export function canBeName(word: string): boolean {
  const lower = word.toLowerCase();
  return !KEYWORDS.has(lower) || FALLBACK.has(lower) || lower === 'true' || lower === 'false';
}

/** True for a word of SQLite's grammar, in any case. */
export function isKeyword(word: string): boolean {
  return KEYWORDS.has(word.toLowerCase());
}

/** The name as SQL writes it: plain where that is safe, else in double quotes. */
export function quoteName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !isKeyword(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A text as a SQL string. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The name that a token stands for: `"a""b"`, `[a]`, `` `a` ``, `'a'` or a bare word. */
export function unquoteName(text: string): string {
  const quote = text[0]!;
  if (quote === '[') return text.slice(1, -1);
  if (quote === '"' || quote === '`' || quote === "'") {
    return text.slice(1, -1).replaceAll(quote + quote, quote);
  }
  return text;
}

/** Names are the same to SQLite when they differ only in the case of A-Z; this is their common form. */
export function foldName(name: string): string {
  return /[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name;
}

export function sameName(a: string, b: string): boolean {
  return compareText(foldName(a), foldName(b)) === 0;
}
