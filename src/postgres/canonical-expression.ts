import { type Token, tokens } from './lexer.js';

/**
 * Makes deparsed text a fixpoint: text that is emitted, loaded and deparsed again comes back equal.
 * To be applied to every text that pg_get_expr, pg_get_constraintdef, pg_get_indexdef, pg_get_viewdef and
 * the like give.
 *
 * The server deparses `v IN ('a', 'b')` on a varchar as `(ARRAY['a'::character varying, …])::text[]`. Read
 * again, the cast moves into the elements: `ARRAY[('a'::character varying)::text, …]`. Both become
 * `ARRAY['a'::text, …]`, which stays as it is. Other casts of an array constructor move in the same way.
 *
 * `x BETWEEN 1 AND 9 AND y` is deparsed as `(((x >= 1) AND (x <= 9)) AND y)`, and that, read again, is one
 * AND of three: the parser joins an AND or OR with the one that begins it. So the inner parentheses go.
 */
export function canonicalExpression(text: string): string {
  return flattenLogic(simplifyLiteralCasts(pushArrayCasts(text)));
}

/** The expression in parentheses; as it is when it already stands in a pair of its own. */
export function inParentheses(expression: string): string {
  // The brackets of a sub-select are its own.
  const isSubselect = /^\(\s*(?:select|with|values)\b/i.test(expression);
  return isParenthesised(expression) && !isSubselect ? expression : `(${expression})`;
}

function isParenthesised(expression: string): boolean {
  if (!expression.startsWith('(')) return false;
  const all = [...tokens(expression)];
  return closing(expression, all, 0) === all.length - 1;
}

/** Moves the cast of an array constructor into its elements, as the parser does. */
function pushArrayCasts(text: string): string {
  if (!text.includes('ARRAY[')) return text;
  const all = [...tokens(text)];
  const at = (index: number): string => slice(text, all[index]);
  for (let open = all.length - 2; open >= 0; open--) {
    if (at(open) !== 'ARRAY' || at(open + 1) !== '[') continue;
    const close = closing(text, all, open + 1);
    // An empty one has only its cast to say of what it is empty.
    if (close === -1 || close === open + 2) continue;
    const wrapped = at(open - 1) === '(' && at(close + 1) === ')';
    const cast = castAfter(text, all, wrapped ? close + 2 : close + 1);
    if (!cast?.type.endsWith('[]')) continue;
    const elements = splitElements(text, all, open + 2, close);
    if (elements.some((element) => element.startsWith('ARRAY['))) continue;
    const type = cast.type.slice(0, -2);
    const inner = elements.map((element) => `(${element})::${type}`).join(', ');
    const start = all[wrapped ? open - 1 : open]!.start;
    return pushArrayCasts(`${text.slice(0, start)}ARRAY[${inner}]${text.slice(cast.end)}`);
  }
  return text;
}

/** Writes `('a'::character varying)::text` as `'a'::text`: the same value, told in fewer steps. */
function simplifyLiteralCasts(text: string): string {
  if (!text.includes('::character varying')) return text;
  const all = [...tokens(text)];
  const at = (index: number): string => slice(text, all[index]);
  let result = '';
  let copied = 0;
  for (let index = 0; index < all.length; index++) {
    const literal = all[index]!;
    if (literal.kind !== 'string' && at(index) !== 'NULL') continue;
    const inner = castAfter(text, all, index + 1);
    if (inner?.type !== 'character varying') continue;
    const wrapped = at(index - 1) === '(' && at(inner.next) === ')';
    const outer = castAfter(text, all, wrapped ? inner.next + 1 : inner.next);
    if (outer?.type !== 'text') continue;
    result += `${text.slice(copied, wrapped ? all[index - 1]!.start : literal.start)}${at(index)}::text`;
    copied = outer.end;
    index = outer.next - 1;
  }
  return result + text.slice(copied);
}

/** Joins an AND with the AND that is its first operand, and an OR with such an OR, as the parser does. */
function flattenLogic(text: string): string {
  if (!/\(\([^)]/.test(text) || !/\) (AND|OR) /.test(text)) return text;
  const all = [...tokens(text)];
  const at = (index: number): string => slice(text, all[index]);
  const superfluous = new Set<number>();
  for (let open = 0; open + 1 < all.length; open++) {
    if (at(open) !== '(' || at(open + 1) !== '(') continue;
    const close = closing(text, all, open + 1);
    const word = at(close + 1);
    if ((word !== 'AND' && word !== 'OR') || !joins(text, all, open + 2, close, word)) continue;
    superfluous.add(open + 1).add(close);
  }
  let result = '';
  let copied = 0;
  for (const index of [...superfluous].sort((a, b) => a - b)) {
    result += text.slice(copied, all[index]!.start);
    copied = all[index]!.end;
  }
  return result + text.slice(copied);
}

/** True when the tokens from `from` to `to` (exclusive) are operands of that word. */
function joins(text: string, all: readonly Token[], from: number, to: number, word: string): boolean {
  for (let index = from; index < to; index++) {
    const part = slice(text, all[index]);
    if (part === '(' || part === '[') index = closing(text, all, index);
    else if (all[index]!.kind === 'word' && part === word) return true;
  }
  return false;
}

interface Cast {
  readonly type: string;
  /** Offset behind it, and the index of the token that follows. */
  readonly end: number;
  readonly next: number;
}

/** The second words of type names that have more than one, with what may follow them. */
const TYPE_WORDS = new Set(['varying', 'precision', 'with', 'without', 'time', 'zone']);

/** The cast `::type` that starts at the token `index`, if one does. */
function castAfter(text: string, all: readonly Token[], index: number): Cast | undefined {
  const at = (token: number): string => slice(text, all[token]);
  if (at(index) !== ':' || at(index + 1) !== ':') return undefined;
  let next = index + 3;
  while (at(next) === '.') next += 2;
  for (;;) {
    if (TYPE_WORDS.has(at(next))) next++;
    else if (at(next) === '(') next = closing(text, all, next) + 1;
    else break;
  }
  while (at(next) === '[' && at(next + 1) === ']') next += 2;
  const end = all[next - 1]?.end ?? text.length;
  const start = all[index + 2]?.start;
  return start === undefined ? undefined : { type: text.slice(start, end), end, next };
}

/** The texts between the commas of tokens `from` to `to` (exclusive) that stand in no inner brackets. */
function splitElements(text: string, all: readonly Token[], from: number, to: number): string[] {
  const elements: string[] = [];
  let start = from;
  for (let index = from; index <= to; index++) {
    const word = slice(text, all[index]);
    if (index === to || word === ',') {
      if (index > start) elements.push(text.slice(all[start]!.start, all[index - 1]!.end));
      start = index + 1;
    } else if (word === '(' || word === '[') {
      index = closing(text, all, index);
    }
  }
  return elements;
}

/** Index of the token that closes the bracket at `open`; -1 when none does. */
function closing(text: string, all: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < all.length; index++) {
    const token = all[index]!;
    if (token.kind !== 'symbol') continue;
    const symbol = text[token.start]!;
    if (symbol === '(' || symbol === '[') depth++;
    else if ((symbol === ')' || symbol === ']') && --depth === 0) return index;
  }
  return -1;
}

function slice(text: string, token: Token | undefined): string {
  return token === undefined ? '' : text.slice(token.start, token.end);
}

/** Offset of a keyword outside all brackets, strings and quoted names; -1 when it is not there. */
export function topLevelWord(text: string, word: string): number {
  let depth = 0;
  for (const token of tokens(text)) {
    const part = slice(text, token);
    if (part === '(' || part === '[') depth++;
    else if (part === ')' || part === ']') depth--;
    else if (depth === 0 && token.kind === 'word' && part === word) return token.start;
  }
  return -1;
}
