import type { ScriptStatement } from '../schema/dialect.js';

/** What the runner has to know about a statement before it runs it. */
export type StatementClass = Pick<
  ScriptStatement,
  'transactional' | 'transactionControl' | 'commitAfter' | 'data'
>;

const CONTROL = new Set(['begin', 'commit', 'end', 'rollback', 'savepoint', 'release']);
const DATA = new Set(['select', 'insert', 'update', 'delete', 'replace', 'with', 'values', 'explain']);
/** Refused inside a transaction, or without effect there. `foreign_keys` is not among them: the runner takes it out. */
const PRAGMAS_OUTSIDE = new Set([
  'journal_mode',
  'synchronous',
  'wal_checkpoint',
  'auto_vacuum',
  'page_size',
]);

/** Classifies a statement by its words (tokens without comments, as written). */
export function classifyStatement(words: readonly string[]): StatementClass {
  const lower = words.slice(0, 4).map((word) => word.toLowerCase());
  const [first = ''] = lower;
  const pragma = first === 'pragma' ? (lower[2] === '.' ? lower[3] : lower[1]) : undefined;
  const outside =
    first === 'vacuum' || first === 'attach' || first === 'detach' || PRAGMAS_OUTSIDE.has(pragma ?? '');
  return {
    transactional: !outside,
    transactionControl: CONTROL.has(first),
    commitAfter: false,
    data: DATA.has(first),
  };
}
