import { readConflict, readConstraint } from './read-constraint.js';
import type { ColumnDefinition, ConstraintDefinition, TableDefinition } from './table-definition.js';
import { TokenReader } from './token-reader.js';

/** Reads a CREATE TABLE as sqlite_schema stores it. Throws DdlError for what it cannot follow. */
export function readTable(sql: string): TableDefinition {
  const reader = new TokenReader(sql);
  reader.expect('create');
  reader.acceptAny(['temp', 'temporary']);
  reader.expect('table');
  reader.accept('if', 'not', 'exists');
  const name = reader.readQualifiedName();
  reader.expect('(');
  const columns: ColumnDefinition[] = [];
  const constraints: ConstraintDefinition[] = [];
  do {
    if (aheadConstraint(reader)) break;
    columns.push(readColumn(reader, constraints));
  } while (reader.accept(','));
  readTableConstraints(reader, constraints);
  reader.expect(')');
  let strict = false;
  let withoutRowid = false;
  while (!reader.atEnd) {
    if (reader.accept('without', 'rowid')) withoutRowid = true;
    else if (reader.accept('strict')) strict = true;
    else if (!reader.accept(',') && !reader.accept(';')) throw reader.error('a table option expected');
  }
  return { name, strict, withoutRowid, columns, constraints };
}

/** Where the table's name stands in its CREATE TABLE, with a schema before it if there is one. */
export function tableNameSpan(sql: string): { readonly start: number; readonly end: number } {
  const reader = new TokenReader(sql);
  reader.expect('create');
  reader.acceptAny(['temp', 'temporary', 'virtual']);
  reader.expect('table');
  reader.accept('if', 'not', 'exists');
  const start = reader.offset;
  reader.readQualifiedName();
  return { start, end: reader.endOfLast };
}

function aheadConstraint(reader: TokenReader): boolean {
  return ['constraint', 'primary', 'unique', 'check', 'foreign'].some((word) => reader.ahead(word));
}

/** Table constraints follow each other with or without commas. A name belongs to the next constraint, up to a comma. */
function readTableConstraints(reader: TokenReader, constraints: ConstraintDefinition[]): void {
  let name: string | null = null;
  while (!reader.ahead(')')) {
    if (reader.accept(',')) name = null;
    else if (reader.accept('constraint')) name = reader.readName();
    else {
      const constraint = readConstraint(reader, name, null);
      if (!constraint) throw reader.error('a constraint expected');
      constraints.push(constraint);
      name = null;
    }
  }
}

function readColumn(reader: TokenReader, constraints: ConstraintDefinition[]): ColumnDefinition {
  const start = reader.offset;
  const column: { -readonly [K in keyof ColumnDefinition]: ColumnDefinition[K] } = {
    name: reader.readName(),
    type: readType(reader),
    notNull: null,
    default: null,
    collation: null,
    generated: null,
    sql: '',
  };
  let name: string | null = null;
  while (!reader.ahead(',') && !reader.ahead(')')) {
    if (reader.accept('constraint')) {
      name = reader.readName();
      continue;
    }
    if (reader.accept('not', 'null')) column.notNull = { name, conflict: readConflict(reader) };
    else if (reader.accept('null')) readConflict(reader);
    else if (reader.accept('default')) column.default = readDefault(reader);
    else if (reader.accept('collate')) column.collation = reader.readName();
    else if (reader.ahead('as') || reader.ahead('generated')) column.generated = readGenerated(reader);
    else {
      const constraint = readConstraint(reader, name, column.name);
      if (constraint) constraints.push(constraint);
      else if (!readDeferral(reader, constraints)) throw reader.error('a column constraint expected');
    }
    name = null;
  }
  column.sql = reader.sql.slice(start, reader.endOfLast);
  return column;
}

/** A type is any run of names and strings, then up to two signed numbers; `GENERATED ALWAYS` at its end is not it. */
function readType(reader: TokenReader): string {
  const words: string[] = [];
  while (reader.aheadPlainName() && !reader.ahead('generated', 'always')) {
    words.push(reader.text(reader.next()));
  }
  const name = words.join(' ');
  if (words.length === 0 || !reader.accept('(')) return name;
  let size = '';
  while (!reader.ahead(')')) size += reader.text(reader.next());
  reader.expect(')');
  return `${name}(${size})`;
}

function readDefault(reader: TokenReader): string {
  const start = reader.offset;
  if (reader.ahead('(')) reader.readParenthesized();
  else {
    reader.acceptAny(['+', '-']);
    reader.next();
  }
  return reader.sql.slice(start, reader.endOfLast);
}

function readGenerated(reader: TokenReader): ColumnDefinition['generated'] {
  reader.accept('generated', 'always');
  reader.expect('as');
  const expression = reader.readParenthesized();
  const stored = reader.acceptAny(['stored', 'virtual']) === 'stored';
  return { expression, stored };
}

/** `[NOT] DEFERRABLE …` may stand apart from the REFERENCES it belongs to. */
function readDeferral(reader: TokenReader, constraints: ConstraintDefinition[]): boolean {
  const not = reader.accept('not', 'deferrable');
  if (!not && !reader.accept('deferrable')) return false;
  const initially = reader.accept('initially') ? reader.acceptAny(['deferred', 'immediate']) : undefined;
  const last = constraints.findLastIndex((constraint) => constraint.type === 'foreign key');
  const key = constraints[last];
  if (key?.type === 'foreign key') {
    constraints[last] = { ...key, deferrable: !not, initiallyDeferred: initially === 'deferred' && !not };
  }
  return true;
}
