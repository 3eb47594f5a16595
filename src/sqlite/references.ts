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
 * Finds what a definition refers to by looking where names stand. Tables are found exactly; of columns there
 * may be some too many, which only makes something be dropped and created again that need not.
 */
export function referencesOf(sql: string): References {
  const words = tokens(sql)
    .filter((token) => token.kind !== 'comment')
    .map((token) => readWord(token, sql.slice(token.start, token.end)));
  const relations = new Set<string>();
  const expressions = new Set<string>();
  const names = new Set<string>();
  /** For each open parenthesis: whether a list of tables is being read in it. */
  const inList = [false];
  words.forEach((word, index) => {
    const { text, name } = word;
    const before = words[index - 1]?.text ?? '';
    if (text === '(') inList.push(inList.at(-1)! && before !== 'using');
    else if (text === ')' && inList.length > 1) inList.pop();
    else if (text === ';') inList.fill(false);
    else if (LIST_BEGINS.has(text)) inList[inList.length - 1] = true;
    else if (LIST_ENDS.has(text)) inList[inList.length - 1] = false;
    if (name === undefined) return;
    names.add(name);
    if (namesExpression(words, index)) expressions.add(name);
    if (namesRelation(words, index, inList.at(-1)!)) relations.add(name);
  });
  for (const name of expressions) relations.delete(name);
  return { relations, names };
}

interface Word {
  /** Bare words in lower case, everything else as written. */
  readonly text: string;
  /** What it stands for, folded, where it can be a name. */
  readonly name: string | undefined;
}

function readWord({ kind }: Token, written: string): Word {
  if (kind === 'quoted') return { text: written, name: foldName(unquoteName(written)) };
  if (kind !== 'word') return { text: written, name: undefined };
  const text = written.toLowerCase();
  return { text, name: canBeName(text) ? foldName(written) : undefined };
}

/** True when the name stands where a table or view is expected. */
function namesRelation(words: readonly Word[], index: number, inList: boolean): boolean {
  const at = (place: number): string => words[index + place]?.text ?? '';
  const before = at(-1);
  const next = at(1);
  // `INTO t (a, b)` lists columns; anywhere else a parenthesis makes it a function.
  if (next === '.' || (next === '(' && before !== 'into')) return false;
  if (before === '.') return at(-2) === 'main' || at(-2) === 'temp';
  if (CONFLICT_WORDS.has(before)) return at(-2) === 'or' && next === 'set';
  if (ONE_FOLLOWS.has(before)) return at(0) !== 'of' && at(0) !== 'or';
  return inList && (LIST_BEGINS.has(before) || before === ',' || before === '(');
}

/** True for the name of a common table expression: `WITH x AS (…)`, `WITH x (a, b) AS NOT MATERIALIZED (…)`. */
function namesExpression(words: readonly Word[], index: number): boolean {
  if (!['with', 'recursive', ','].includes(words[index - 1]?.text ?? '')) return false;
  let at = index + 1;
  if (words[at]?.text === '(') {
    while (at < words.length && words[at]!.text !== ')') at += 1;
    at += 1;
  }
  if (words[at]?.text !== 'as') return false;
  return ['(', 'materialized', 'not'].includes(words[at + 1]?.text ?? '');
}
