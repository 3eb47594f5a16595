/** What a CREATE TABLE says, as written: names unquoted, expressions as text. */
export interface TableDefinition {
  readonly name: string;
  readonly strict: boolean;
  readonly withoutRowid: boolean;
  readonly columns: readonly ColumnDefinition[];
  /** All of them, those written at a column included, in the order of the text. */
  readonly constraints: readonly ConstraintDefinition[];
}

/** ON CONFLICT; null where nothing is said, which is ABORT. */
export type Conflict = 'rollback' | 'abort' | 'fail' | 'ignore' | 'replace' | null;

export interface ColumnDefinition {
  readonly name: string;
  /** The declared type with single spaces; empty for none. */
  readonly type: string;
  readonly notNull: { readonly name: string | null; readonly conflict: Conflict } | null;
  /** The text after DEFAULT: a literal, or an expression in its parentheses. */
  readonly default: string | null;
  readonly collation: string | null;
  readonly generated: { readonly expression: string; readonly stored: boolean } | null;
  /** The whole text of the column in the statement, with all that is said at it. */
  readonly sql: string;
}

/** A column in a key. */
export interface KeyColumn {
  readonly name: string;
  readonly collation: string | null;
  readonly descending: boolean;
}

interface ConstraintBase {
  readonly name: string | null;
  /** The column it is written at; null for one that stands on its own. */
  readonly column: string | null;
}

export interface PrimaryKeyDefinition extends ConstraintBase {
  readonly type: 'primary key';
  readonly columns: readonly KeyColumn[];
  readonly conflict: Conflict;
  readonly autoincrement: boolean;
}

export interface UniqueDefinition extends ConstraintBase {
  readonly type: 'unique';
  readonly columns: readonly KeyColumn[];
  readonly conflict: Conflict;
}

export interface CheckDefinition extends ConstraintBase {
  readonly type: 'check';
  readonly expression: string;
  readonly conflict: Conflict;
}

export interface ForeignKeyDefinition extends ConstraintBase {
  readonly type: 'foreign key';
  readonly columns: readonly string[];
  readonly table: string;
  /** Empty when not said: the referenced table's primary key. */
  readonly referenced: readonly string[];
  /** In lower case: `cascade`, `set null`, …; `no action` when not said. */
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly match: string | null;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
}

export type ConstraintDefinition =
  | PrimaryKeyDefinition
  | UniqueDefinition
  | CheckDefinition
  | ForeignKeyDefinition;

/**
 * The column that is the rowid's other name (https://www.sqlite.org/lang_createtable.html#rowid): the one
 * column of a primary key with exactly the type INTEGER, unless the key is written at the column with DESC.
 */
export function rowidAlias(
  table: Pick<TableDefinition, 'withoutRowid' | 'columns' | 'constraints'>,
): string | null {
  if (table.withoutRowid) return null;
  const key = table.constraints.find((constraint) => constraint.type === 'primary key');
  const [only, ...more] = key?.columns ?? [];
  if (!key || !only || more.length > 0 || (key.column !== null && only.descending)) return null;
  const column = table.columns.find(({ name }) => name.toLowerCase() === only.name.toLowerCase());
  return column?.type.toUpperCase() === 'INTEGER' ? column.name : null;
}
