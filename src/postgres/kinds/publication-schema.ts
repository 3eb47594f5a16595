import { objectId, objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG } from '../catalog-scope.js';
import { quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { publishedSchema } from '../publication-members.js';

/** A whole schema in a publication, since PostgreSQL 15. */
export const publicationSchemaKind: PostgresKind = {
  name: 'publication-schema',
  rank: 97,
  label: (object) => `the tables of schema ${object.name} in publication ${publicationOf(object)}`,
  reference: (object) => `PUBLICATION ${quoteIdent(publicationOf(object))}`,
  droppedWithParent: () => true,
  vanishesWith: (object) => objectId('schema', object.name),
  foldsIntoParent: () => true,
  cutOrder: () => 0,
  slots: (object) => [`columns of publication ${publicationOf(object)}`],

  query: (version) =>
    version >= 150000
      ? `
    SELECT ${CATALOG.pg_publication_namespace} AS classid, m.oid::int8 AS objid, 0 AS objsubid,
           m.pnpubid::int8 AS publication, n.nspname AS name
      FROM pg_publication_namespace m
      JOIN pg_namespace n ON n.oid = m.pnnspid`
      : 'SELECT WHERE false',

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_publication, row.publication as number, 0);
    if (parent === undefined) return undefined;
    const name = row.name as string;
    return {
      kind: 'publication-schema',
      path: [...objectPath(parent), name],
      name,
      schema: null,
      parent,
      props: {},
    };
  },

  create: (object) => ({
    sql: [
      `ALTER PUBLICATION ${quoteIdent(publicationOf(object))} ADD TABLES IN SCHEMA ${publishedSchema(object)}`,
    ],
    summary: `Add the tables of schema ${object.name} to publication ${publicationOf(object)}`,
  }),
  drop: (object) => ({
    sql: [
      `ALTER PUBLICATION ${quoteIdent(publicationOf(object))} DROP TABLES IN SCHEMA ${publishedSchema(object)}`,
    ],
    summary: `Take the tables of schema ${object.name} out of publication ${publicationOf(object)}`,
  }),
  alter: () => 'replace',
};

function publicationOf(member: SchemaObject): string {
  return objectPath(member.id)[0]!;
}
