import { objectId, objectPath } from '../schema/object.js';
import { automaticIndexName, type IndexRole } from './automatic-names.js';
import { CATALOG } from './catalog-scope.js';
import type { PostgresKind } from './postgres-kind.js';

/** What the index of a partition is attached to, and the names of its columns. */
interface AttachmentRow {
  readonly relation: number;
  readonly schema: string;
  readonly name: string;
  readonly constraint: boolean;
  readonly columns: readonly string[];
  /** True when its storage parameters are those of the one above. */
  readonly alike: boolean;
}

/** SQL: what the index `i` (pg_index) with the relation `c` (pg_class) is attached to as JSON, or null. */
export const INDEX_ATTACHMENT = `CASE WHEN c.relispartition THEN (
        SELECT json_build_object('relation', x.indrelid::int8, 'schema', n.nspname, 'name', p.relname,
          'constraint', EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = p.oid AND k.contype IN ('p', 'u', 'x')),
          'alike', p.reloptions IS NOT DISTINCT FROM (SELECT o.reloptions FROM pg_class o WHERE o.oid = i.indexrelid),
          'columns', (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indexrelid))
        FROM pg_inherits h
        JOIN pg_class p ON p.oid = h.inhparent
        JOIN pg_namespace n ON n.oid = p.relnamespace
        JOIN pg_index x ON x.indexrelid = p.oid
        WHERE h.inhrelid = i.indexrelid) END`;

/** SQL: the partitions in which the partitioned index `i` (pg_index) has no index of its own, as JSON, or null. */
export const PARTITIONS_WITHOUT = `CASE WHEN i.indrelid IN (SELECT t.oid FROM pg_class t WHERE t.relkind = 'p') THEN (
        SELECT json_agg(h.inhrelid::int8) FROM pg_inherits h
        WHERE h.inhparent = i.indrelid AND h.inhrelid NOT IN (
          SELECT x.indrelid FROM pg_inherits a JOIN pg_index x ON x.indexrelid = a.inhrelid
          WHERE a.inhparent = i.indexrelid)) END`;

/** The ids of the tables that PARTITIONS_WITHOUT found, sorted. */
export function readWithout(row: unknown, idAt: Parameters<PostgresKind['read']>[2]): string[] {
  return ((row ?? []) as number[]).flatMap((relation) => idAt(CATALOG.pg_class, relation, 0) ?? []).sort();
}

/** The id of the index or constraint above, and whether the server would make the index as it is, with that name. */
export function readAttachment(
  row: unknown,
  name: string,
  table: string,
  role: IndexRole,
  idAt: Parameters<PostgresKind['read']>[2],
): { readonly attachedTo: string | null; readonly automaticName: boolean } {
  const found = (row ?? null) as AttachmentRow | null;
  const above = found === null ? undefined : idAt(CATALOG.pg_class, found.relation, 0);
  if (found === null || above === undefined) return { attachedTo: null, automaticName: false };
  return {
    attachedTo: found.constraint
      ? objectId('constraint', ...objectPath(above), found.name)
      : objectId('index', found.schema, found.name),
    automaticName: found.alike && name === automaticIndexName(objectPath(table)[1]!, found.columns, role),
  };
}
