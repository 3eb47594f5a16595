import type { Connection } from '../database/connection.js';
import type { ObjectFilter } from '../schema/dialect.js';
import { makeSchema, type Schema, type SchemaObject, type UnmanagedObject } from '../schema/object.js';
import { selectObjects } from '../schema/object-filter.js';
import { indexFact, type Relation, triggerFact, viewFact, virtualTableFact } from './dependent-facts.js';
import { idOf } from './ids.js';
import { foldName } from './names.js';
import { readTable } from './read-table.js';
import type { TableDefinition } from './table-definition.js';
import { tableFacts } from './table-facts.js';
import { DdlError } from './token-reader.js';

/** A row of sqlite_schema, with what `pragma_table_list` calls it (`table`, `view`, `virtual`, `shadow`). */
export interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
  readonly form: string | null;
}

/** Tidemark's own tables. */
const OWN = /^_?tidemark_/i;
/** Tables that a migration of ours or Alembic's left behind when it was cut off. */
const LEFT_BEHIND = /^_(tidemark_new|alembic_tmp)_/i;

/**
 * Reads the whole schema in one query. `sqlite_schema.sql` is the truth: the text that made each object.
 * Temporary objects and attached databases belong to a session and are not read.
 */
export async function readSchema(
  connection: Connection,
  filter: ObjectFilter = { exclude: [] },
): Promise<Schema> {
  const rows = await connection.query<SchemaRow>(schemaQuery(connection.versionNumber));
  const { objects, unmanaged } = factsOf(rows);
  const byId = new Map(objects.map((object) => [object.id, object]));
  const { out, bookkeeping } = selectObjects(byId, filter, { defaultSchema: 'main', ignoresCase: true });
  const managed = objects.filter(({ id }) => !out.has(id));
  return makeSchema('sqlite', connection.versionNumber, managed, unmanaged, bookkeeping);
}

/** pragma_table_list came with 3.37; before, shadow tables are told by their names. */
function schemaQuery(version: number): string {
  const columns = 's.type, s.name, s.tbl_name, s.sql';
  if (version < 3_037_000) return `SELECT ${columns}, NULL AS form FROM sqlite_master AS s ORDER BY s.rowid`;
  return `
    WITH list AS MATERIALIZED (SELECT l.name, l.type FROM pragma_table_list AS l WHERE l.schema = 'main')
    SELECT ${columns}, list.type AS form
    FROM sqlite_schema AS s LEFT JOIN list ON list.name = s.name
    ORDER BY s.rowid`;
}

/** The facts in the rows of sqlite_schema; what the reader cannot follow is named, never left out. */
export function factsOf(rows: readonly SchemaRow[]): {
  readonly objects: readonly SchemaObject[];
  readonly unmanaged: readonly UnmanagedObject[];
} {
  const unmanaged: UnmanagedObject[] = [];
  const attempt = <T>(kind: string, name: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DdlError)) throw error;
      unmanaged.push({ kind: `${kind} that the reader cannot follow (${error.message})`, name });
      return undefined;
    }
  };
  const isShadow = shadowTables(rows);
  const visible = rows.filter(({ name, tbl_name, sql }) => {
    if (sql === null || /^sqlite_/i.test(name) || isShadow(tbl_name)) return false;
    if (LEFT_BEHIND.test(tbl_name)) {
      if (name === tbl_name)
        unmanaged.push({ kind: 'table left behind by a migration that was cut off', name });
      return false;
    }
    return !OWN.test(tbl_name);
  }) as (SchemaRow & { readonly sql: string })[];

  const relations = new Map<string, Relation>();
  const tables: { definition: TableDefinition; sql: string }[] = [];
  for (const { type, name, sql } of visible) {
    if (type === 'view') relations.set(foldName(name), { id: idOf('view', name), name });
    if (type !== 'table') continue;
    if (isVirtual(sql)) relations.set(foldName(name), { id: idOf('virtual-table', name), name });
    else {
      const definition = attempt('table', name, () => readTable(sql));
      if (!definition) continue;
      tables.push({ definition, sql });
      relations.set(foldName(name), { id: idOf('table', name), name, table: definition });
    }
  }
  const objects = tables.flatMap(({ definition, sql }) => tableFacts(definition, sql));
  const readers: Record<string, (sql: string) => SchemaObject | undefined> = {
    table: (sql) => (isVirtual(sql) ? virtualTableFact(sql, relations) : undefined),
    index: (sql) => indexFact(sql, relations),
    view: (sql) => viewFact(sql, relations),
    trigger: (sql) => triggerFact(sql, relations),
  };
  for (const { type, name, sql } of visible) {
    const object = attempt(type, name, () => readers[type]?.(sql));
    if (object) objects.push(object);
  }
  return { objects: objects.map(sortedNeeds), unmanaged };
}

function sortedNeeds(object: SchemaObject): SchemaObject {
  return { ...object, dependsOn: [...new Set(object.dependsOn)].filter((id) => id !== object.id).sort() };
}

function isVirtual(sql: string): boolean {
  return /^create\s+virtual\s/i.test(sql);
}

/** Tables in which virtual tables keep their data: `name_suffix`. They come and go with them. */
function shadowTables(rows: readonly SchemaRow[]): (name: string) => boolean {
  const suffixes = /_(data|idx|content|docsize|config|stat|segments|segdir|node|parent|rowid)$/i;
  const virtual = new Set(
    rows.filter(({ sql }) => sql !== null && isVirtual(sql)).map(({ name }) => foldName(name)),
  );
  const marked = new Set(rows.filter(({ form }) => form === 'shadow').map(({ name }) => foldName(name)));
  const known = rows.some(({ form }) => form !== null);
  return (name) => {
    if (known) return marked.has(foldName(name));
    const suffix = suffixes.exec(name);
    return suffix !== null && virtual.has(foldName(name.slice(0, suffix.index)));
  };
}
