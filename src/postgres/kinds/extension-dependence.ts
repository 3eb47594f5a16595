import { objectId, type Schema, type SchemaObject } from '../../schema/object.js';
import { CATALOG } from '../catalog-scope.js';
import { qualified, quoteIdent } from '../identifiers.js';
import { postgresKind } from '../kind-registry.js';
import type { PostgresKind } from '../postgres-kind.js';

/**
 * That a function, index, trigger or materialised view goes when an extension is dropped: ALTER … DEPENDS ON
 * EXTENSION. Its id has that of what depends and the extension's name.
 */
export const extensionDependenceKind: PostgresKind = {
  name: 'extension-dependence',
  rank: 80,
  label: (object) =>
    `the dependence of ${object.parent!.replace(':public.', ' ').replace(':', ' ')} on extension ${object.name}`,
  reference: extension,
  droppedWithParent: () => true,

  // The index of pg_depend begins with what is depended on, so this looks at the members of extensions only.
  query: () => `
    SELECT 'pg_depend'::regclass::oid::int8 AS classid, row_number() OVER () AS objid, 0 AS objsubid,
           d.classid::int8 AS target_class, d.objid::int8 AS target, k.oid::int8 AS key_oid, e.extname AS extension
      FROM pg_depend d
      JOIN pg_extension e ON e.oid = d.refobjid
      LEFT JOIN pg_constraint k ON d.classid = ${CATALOG.pg_class} AND k.conindid = d.objid
        AND k.contype IN ('p', 'u', 'x')
     WHERE d.refclassid = ${CATALOG.pg_extension} AND d.deptype = 'x'`,

  read(row, _version, idAt) {
    const key = row.key_oid as number | null;
    const parent =
      key === null
        ? idAt(row.target_class as number, row.target as number, 0)
        : idAt(CATALOG.pg_constraint, key, 0);
    if (parent === undefined) return undefined;
    const extension = row.extension as string;
    return {
      kind: 'extension-dependence',
      path: [parent, extension],
      name: extension,
      schema: null,
      parent,
      props: {},
      info: { index: key !== null },
      needs: [objectId('extension', extension)],
    };
  },

  create: (object, { to }) => ({ sql: [`${alterTarget(object, to)} DEPENDS ON ${extension(object)}`] }),
  drop: (object, { from, to }) => ({
    sql: to.objects.has(object.id) ? [] : [`${alterTarget(object, from)} NO DEPENDS ON ${extension(object)}`],
  }),
  alter: () => 'replace',
};

function extension(object: SchemaObject): string {
  return `EXTENSION ${quoteIdent(object.name)}`;
}

function alterTarget(object: SchemaObject, schema: Schema): string {
  const target = schema.objects.get(object.parent!)!;
  return object.info.index === true
    ? `ALTER INDEX ${qualified(target.schema, target.name)}`
    : `ALTER ${postgresKind(target.kind).reference(target)}`;
}
