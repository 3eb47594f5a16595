import { propsOf, type RenderContext } from '../schema/kind.js';
import type { Schema, SchemaObject } from '../schema/object.js';
import { sqlOf } from './ids.js';
import { tokens } from './lexer.js';
import { foldName, quoteName, quoteText, sameName, unquoteName } from './names.js';
import { columnsOf, constraintsOf } from './parts.js';
import { tableNameSpan } from './read-table.js';
import type { ColumnProps, ConstraintProps, TableProps } from './table-facts.js';

/** What the new table is called until it takes the old one's place. */
export function temporaryName(table: string): string {
  return `_tidemark_new_${table}`;
}

/**
 * The statements that make a table anew and keep its rows (https://www.sqlite.org/lang_altertable.html#otheralter):
 * create, copy, drop, rename. The old table is never renamed away, because what refers to it would follow.
 * Foreign keys must be off, and no view or trigger may mention the table meanwhile; the planner sees to both.
 */
export function rebuildStatements(
  before: SchemaObject,
  after: SchemaObject,
  { from, to }: RenderContext,
): string[] {
  const old = quoteName(before.name);
  const temporary = quoteName(temporaryName(after.name));
  const { target, source } = copiedColumns(before, after, from, to);
  return [
    renamedCreate(sqlOf(after), after.name, temporary),
    `INSERT OR ABORT INTO ${temporary} (${target.join(', ')})\nSELECT ${source.join(', ')} FROM ${old}`,
    ...(isAutoincrement(before, from) && isAutoincrement(after, to)
      ? keepCounter(before.name, after.name)
      : []),
    `DROP TABLE ${old}`,
    `ALTER TABLE ${temporary} RENAME TO ${quoteName(after.name)}`,
  ];
}

/** The right side's own statement, with another name: nothing it says can get lost on the way. */
function renamedCreate(sql: string, name: string, temporary: string): string {
  const span = tableNameSpan(sql);
  const list = tokens(sql).filter((token) => token.kind !== 'comment' && token.start >= span.end);
  let text = `${sql.slice(0, span.start)}${temporary}`;
  let copied = span.end;
  list.forEach((token, index) => {
    // A check may call its column users.email; the rename at the end turns it back.
    const qualifies =
      (token.kind === 'word' || token.kind === 'quoted') &&
      sql[list[index + 1]?.start ?? -1] === '.' &&
      sameName(unquoteName(sql.slice(token.start, token.end)), name);
    if (!qualifies) return;
    text += sql.slice(copied, token.start) + temporary;
    copied = token.end;
  });
  return text + sql.slice(copied);
}

/** What is copied to what: columns on both sides that take values, and the rowid where no column stands for it. */
function copiedColumns(
  before: SchemaObject,
  after: SchemaObject,
  from: Schema,
  to: Schema,
): { target: string[]; source: string[] } {
  const old = new Map(columnsOf(before, from).map((column) => [foldName(column.name), column]));
  const all = columnsOf(after, to);
  const kept = all.filter((column) => !isGenerated(column) && old.has(foldName(column.name)));
  const target = kept.map((column) => quoteName(column.name));
  const source = kept.map((column) => quoteName(old.get(foldName(column.name))!.name));
  const taken = new Set([...all.map((column) => foldName(column.name)), ...old.keys()]);
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  const { rowidAlias } = after.info;
  const aliasIsCopied = kept.some((column) => foldName(column.name) === rowidAlias);
  if (!withoutRowid(before) && !withoutRowid(after) && !aliasIsCopied && rowid !== undefined) {
    target.unshift(rowid);
    source.unshift(rowid);
  }
  if (target.length > 0) return { target, source };
  // Nothing of a row is kept but that there is one.
  const first = all.find((column) => !isGenerated(column))!;
  return { target: [quoteName(first.name)], source: [String(first.info.default ?? 'NULL')] };
}

/** The counter is where the old table's was, whatever the rows say: ids of deleted rows are not given again. */
function keepCounter(old: string, name: string): string[] {
  const temporary = quoteText(temporaryName(name));
  return [
    `DELETE FROM sqlite_sequence WHERE name = ${temporary}`,
    `INSERT INTO sqlite_sequence (name, seq)\nSELECT ${temporary}, seq FROM sqlite_sequence WHERE name = ${quoteText(old)}`,
  ];
}

function isAutoincrement(table: SchemaObject, schema: Schema): boolean {
  return constraintsOf(table, schema).some(
    (constraint) => propsOf<ConstraintProps>(constraint).autoincrement === true,
  );
}

function isGenerated(column: SchemaObject): boolean {
  return propsOf<ColumnProps>(column).generated !== null;
}

function withoutRowid(table: SchemaObject): boolean {
  return propsOf<TableProps>(table).withoutRowid;
}
