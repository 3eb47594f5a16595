import { type Token, tokens } from './lexer.js';
import { canBeName, foldName, unquoteName } from './names.js';

/** The names that a view, a trigger or an expression mentions, folded. */
export interface References {
  /** Names that stand where a table or view is expected. */
  readonly relations: ReadonlySet<string>;
  /** Every name, whatever it is: columns are looked for here. */
  readonly names: ReadonlySet<string>;
}

/** Words after which a list of tables begins, and those that end it. */
const LIST_BEGINS = new Set(['from', 'join']);
const LIST_ENDS = new Set(
  'select where group order having limit union except intersect set values window returning'.split(' '),
);
/** Words after which one table stands. */
const ONE_FOLLOWS = new Set(['into', 'update', 'in']);
/** UPDATE OR word table. */
const CONFLICT_WORDS = new Set(['rollback', 'abort', 'fail', 'ignore', 'replace']);

/**
 * Finds what a definition refers to by looking where names stand. Tables are found exactly but for a common
 * table expression of the same name as a table; of columns there may be some too many, which only makes
 * something be dropped and created again that need not.
 */
export function referencesOf(sql: string): References {
  const list = [...tokens(sql)].filter((token) => token.kind !== 'comment');
  const text = (token: Token | undefined): string => (token ? sql.slice(token.start, token.end) : '');
  const relations = new Set<string>();
  const expressions = new Set<string>();
  const names = new Set<string>();
  /** For each open parenthesis: whether a list of tables is being read in it. */
  const inList = [false];
  let before = '';
  let beforeThat = '';
  list.forEach((token, index) => {
    const written = text(token);
    const word = token.kind === 'word' ? written.toLowerCase() : written;
    const next = text(list[index + 1]).toLowerCase();
    if (word === '(') inList.push(inList.at(-1)!);
    else if (word === ')') {
      if (inList.length > 1) inList.pop();
    } else if (word === ';') inList.fill(false);
    else if (token.kind === 'word' && LIST_BEGINS.has(word)) inList[inList.length - 1] = true;
    else if (token.kind === 'word' && LIST_ENDS.has(word)) inList[inList.length - 1] = false;
    const isName =
      token.kind === 'quoted' || token.kind === 'string' || (token.kind === 'word' && canBeName(written));
    if (isName) {
      const name = foldName(unquoteName(written));
      if (token.kind !== 'string') names.add(name);
      const listed = inList.at(-1) === true && (LIST_BEGINS.has(before) || before === ',' || before === '(');
      const single =
        ONE_FOLLOWS.has(before) || (CONFLICT_WORDS.has(before) && beforeThat === 'or' && next === 'set');
      const qualified = before === '.' && (beforeThat === 'main' || beforeThat === 'temp');
      // `INTO t (a, b)` lists columns; anywhere else a parenthesis makes it a function.
      const alone = next !== '.' && (next !== '(' || before === 'into');
      const keyword = token.kind === 'word' && (word === 'or' || word === 'of');
      if ((listed || single || qualified) && alone && !keyword && token.kind !== 'string')
        relations.add(name);
      // WITH x AS (…): a name of its own.
      if (
        next === 'as' &&
        text(list[index + 2]) === '(' &&
        (before === 'with' || before === ',' || before === 'recursive')
      ) {
        expressions.add(name);
      }
    }
    beforeThat = before;
    before = token.kind === 'word' ? word : written;
  });
  for (const name of expressions) relations.delete(name);
  return { relations, names };
}
