import { sameValue } from '../../schema/equal.js';
import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { parameterChanges } from './storage-parameters.js';

type Settings = {
  /** Null for the type's own. */
  readonly storage: string | null;
  readonly compression: 'pglz' | 'lz4' | null;
  /** Null for the server's default. */
  readonly statistics: number | null;
  readonly options: readonly string[];
};

const NONE: Settings = { storage: null, compression: null, statistics: null, options: [] };

const STORAGE: Readonly<Record<string, string>> = { p: 'plain', e: 'external', x: 'extended', m: 'main' };
const COMPRESSION: Readonly<Record<string, Settings['compression']>> = { p: 'pglz', l: 'lz4' };

/** How a column of a materialised view is stored and looked at by ANALYZE, where that is not as usual. */
export const materializedViewColumnKind: PostgresKind = {
  name: 'materialized-view-column',
  rank: 53,
  label: (object) => `how column ${plainRelationOf(object)}.${object.name} is kept`,
  reference: (object) => `COLUMN ${relationOf(object)}.${quoteIdent(object.name)}`,
  droppedWithParent: () => true,

  query(version) {
    const compression = version >= 140000 ? 'a.attcompression' : `''`;
    return `
    SELECT ${CATALOG.pg_attribute} AS classid, a.attrelid::int8 AS objid, a.attnum AS objsubid, a.attname AS name,
           nullif(a.attstorage, t.typstorage) AS storage, t.typstorage AS type_storage,
           ${compression} AS compression, nullif(a.attstattarget, -1) AS statistics, a.attoptions AS options
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'm'
      JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid >= ${FIRST_USER_OID} AND a.attnum > 0 AND NOT a.attisdropped
       AND (a.attstorage <> t.typstorage OR ${compression} <> '' OR coalesce(a.attstattarget, -1) >= 0
            OR a.attoptions IS NOT NULL)`;
  },

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.objid, 0);
    if (parent === undefined) return undefined;
    const [schema, view] = objectPath(parent) as [string, string];
    const props: Settings = {
      storage: STORAGE[row.storage as string] ?? null,
      compression: COMPRESSION[row.compression as string] ?? null,
      statistics: row.statistics as number | null,
      // PostgreSQL 15.20 and its siblings keep a private mark on every column.
      options: ((row.options ?? []) as string[]).filter((option) => !option.startsWith('pg_attver=')).sort(),
    };
    if (sameValue(props, NONE)) return undefined;
    return {
      kind: 'materialized-view-column',
      path: [schema, view, row.name as string],
      name: row.name as string,
      schema,
      parent,
      props,
      info: { position: row.objsubid, typeStorage: STORAGE[row.type_storage as string]! },
    };
  },

  create: (object) => ({ sql: changes(NONE, propsOf<Settings>(object), object) }),
  drop: (object) => ({ sql: changes(propsOf<Settings>(object), NONE, object) }),
  alter: (before, after) => ({ sql: changes(propsOf<Settings>(before), propsOf<Settings>(after), after) }),
};

/** SET STORAGE DEFAULT came with PostgreSQL 16, so the type's own is named. */
function changes(before: Settings, after: Settings, object: SchemaObject): string[] {
  const storage = after.storage ?? String(object.info.typeStorage);
  const clauses = [
    ...(before.storage === after.storage ? [] : [`SET STORAGE ${storage.toUpperCase()}`]),
    ...(before.compression === after.compression
      ? []
      : [`SET COMPRESSION ${after.compression ?? 'default'}`]),
    ...(before.statistics === after.statistics ? [] : [`SET STATISTICS ${after.statistics ?? -1}`]),
    ...parameterChanges(before.options, after.options),
  ];
  const column = `ALTER MATERIALIZED VIEW ${relationOf(object)} ALTER COLUMN ${quoteIdent(object.name)}`;
  return clauses.map((clause) => `${column} ${clause}`);
}
