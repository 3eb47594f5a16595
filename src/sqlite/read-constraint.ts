import type { Conflict, ConstraintDefinition, ForeignKeyDefinition, KeyColumn } from './table-definition.js';
import type { TokenReader } from './token-reader.js';

/**
 * Reads the constraint that stands ahead, if one does. `column` is the column it is written at, null for a
 * table constraint; its `CONSTRAINT name` is read already.
 */
export function readConstraint(
  reader: TokenReader,
  name: string | null,
  column: string | null,
): ConstraintDefinition | undefined {
  const base = { name, column };
  if (reader.accept('primary', 'key')) {
    if (column === null) {
      const { columns, autoincrement } = readKeyColumns(reader);
      return { type: 'primary key', ...base, columns, conflict: readConflict(reader), autoincrement };
    }
    const descending = reader.acceptAny(['asc', 'desc']) === 'desc';
    const conflict = readConflict(reader);
    const columns = [{ name: column, collation: null, descending }];
    return { type: 'primary key', ...base, columns, conflict, autoincrement: reader.accept('autoincrement') };
  }
  if (reader.accept('unique')) {
    const columns =
      column === null
        ? readKeyColumns(reader).columns
        : [{ name: column, collation: null, descending: false }];
    return { type: 'unique', ...base, columns, conflict: readConflict(reader) };
  }
  if (reader.accept('check')) {
    return { type: 'check', ...base, expression: reader.readParenthesized(), conflict: readConflict(reader) };
  }
  if (column === null && reader.accept('foreign', 'key')) {
    const columns = readNames(reader);
    reader.expect('references');
    return readReference(reader, base, columns);
  }
  if (column !== null && reader.accept('references')) return readReference(reader, base, [column]);
  return undefined;
}

function readReference(
  reader: TokenReader,
  base: { readonly name: string | null; readonly column: string | null },
  columns: readonly string[],
): ForeignKeyDefinition {
  const table = reader.readName();
  const referenced = reader.ahead('(') ? readNames(reader) : [];
  const key = {
    type: 'foreign key' as const,
    ...base,
    columns,
    table,
    referenced,
    onDelete: 'no action',
    onUpdate: 'no action',
    match: null as string | null,
    deferrable: false,
    initiallyDeferred: false,
  };
  for (;;) {
    if (reader.accept('on', 'delete')) key.onDelete = readAction(reader);
    else if (reader.accept('on', 'update')) key.onUpdate = readAction(reader);
    else if (reader.accept('on', 'insert')) readAction(reader);
    else if (reader.accept('match')) key.match = reader.readName().toLowerCase();
    else if (reader.accept('not', 'deferrable')) readInitially(reader);
    else if (reader.accept('deferrable')) {
      key.deferrable = true;
      key.initiallyDeferred = readInitially(reader) === 'deferred';
    } else return key;
  }
}

function readInitially(reader: TokenReader): string | undefined {
  return reader.accept('initially') ? reader.acceptAny(['deferred', 'immediate']) : undefined;
}

function readAction(reader: TokenReader): string {
  if (reader.accept('set', 'null')) return 'set null';
  if (reader.accept('set', 'default')) return 'set default';
  if (reader.accept('no', 'action')) return 'no action';
  const word = reader.acceptAny(['cascade', 'restrict']);
  if (!word) throw reader.error('an action of a foreign key expected');
  return word;
}

function readNames(reader: TokenReader): string[] {
  reader.expect('(');
  const names: string[] = [];
  do {
    names.push(reader.readName());
    // CREATE TABLE … (a, b COLLATE nocase ASC) is tolerated in lists of names, and means nothing there.
    if (reader.accept('collate')) reader.readName();
    reader.acceptAny(['asc', 'desc']);
  } while (reader.accept(','));
  reader.expect(')');
  return names;
}

function readKeyColumns(reader: TokenReader): { columns: KeyColumn[]; autoincrement: boolean } {
  reader.expect('(');
  const columns: KeyColumn[] = [];
  let autoincrement = false;
  do {
    const name = reader.readName();
    const collation = reader.accept('collate') ? reader.readName() : null;
    const descending = reader.acceptAny(['asc', 'desc']) === 'desc';
    if (reader.accept('nulls')) reader.acceptAny(['first', 'last']);
    columns.push({ name, collation, descending });
    autoincrement = reader.accept('autoincrement');
  } while (reader.accept(','));
  reader.expect(')');
  return { columns, autoincrement };
}

/** Reads `ON CONFLICT word` if it stands ahead. */
export function readConflict(reader: TokenReader): Conflict {
  if (!reader.accept('on', 'conflict')) return null;
  const word = reader.acceptAny(['rollback', 'abort', 'fail', 'ignore', 'replace']);
  if (!word) throw reader.error('a way to resolve the conflict expected');
  return word;
}
