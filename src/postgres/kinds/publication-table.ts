import { objectPath, type SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG } from '../catalog-scope.js';
import { plainName, quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { type PublishedTableProps, publishedName, publishedTable } from '../publication-members.js';

/** A table in a publication, with its columns and its row filter. */
export const publicationTableKind: PostgresKind = {
  name: 'publication-table',
  rank: 96,
  label: (object) => `table ${object.name} in publication ${publicationOf(object)}`,
  reference: (object) => `PUBLICATION ${quoteIdent(publicationOf(object))}`,
  droppedWithParent: () => true,
  vanishesWith: tableOf,
  foldsIntoParent: () => true,
  cutOrder: () => 0,
  // A publication with whole schemas in it takes no list of columns, so those go before a schema comes.
  slots: (object) =>
    object.props.columns === null ? [] : [`columns of publication ${publicationOf(object)}`],
  blocksColumnTypeChange: true,

  query: (version) => `
    SELECT ${CATALOG.pg_publication_rel} AS classid, m.oid::int8 AS objid, 0 AS objsubid,
           m.prpubid::int8 AS publication, m.prrelid::int8 AS relation,
           ${
             version >= 150000
               ? `(SELECT array_agg(a.attname ORDER BY a.attname COLLATE "C") FROM pg_attribute a
             WHERE a.attrelid = m.prrelid AND a.attnum = ANY (m.prattrs)) AS columns,
           CASE WHEN m.prqual IS NULL THEN '' ELSE pg_get_expr(m.prqual, m.prrelid) END AS definition,`
               : `NULL AS columns, '' AS definition,`
           }
           n.nspname AS schema, c.relname AS name,
           c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AS inherited
      FROM pg_publication_rel m
      JOIN pg_class c ON c.oid = m.prrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_publication, row.publication as number, 0);
    if (parent === undefined) return undefined;
    const [schema, table] = [row.schema as string, row.name as string];
    const publication = objectPath(parent)[0]!;
    const name = plainName(schema, table);
    if (idAt(CATALOG.pg_class, row.relation as number, 0) === undefined) {
      return {
        unmanaged: { kind: 'published table that is not managed', name: `${name} in ${publication}` },
      };
    }
    const filter = row.definition as string;
    const props: PublishedTableProps = {
      columns: row.columns as string[] | null,
      filter: filter === '' ? null : canonicalExpression(filter),
    };
    return {
      kind: 'publication-table',
      path: [publication, schema, table],
      name,
      schema: null,
      parent,
      props: { ...props },
      info: row.inherited === true ? { inherited: true } : {},
    };
  },

  create: (object, context) => ({
    sql: [
      `ALTER PUBLICATION ${quoteIdent(publicationOf(object))} ADD TABLE ${publishedTable(object, context)}`,
    ],
    summary: `Add table ${object.name} to publication ${publicationOf(object)}`,
  }),
  drop: (object, context) => ({
    sql: [
      `ALTER PUBLICATION ${quoteIdent(publicationOf(object))} DROP TABLE ${publishedName(object, context)}`,
    ],
    summary: `Take table ${object.name} out of publication ${publicationOf(object)}`,
  }),
  // SET TABLE says all members at once; for one, it is taken out and put back.
  alter: () => 'replace',
};

function publicationOf(member: SchemaObject): string {
  return objectPath(member.id)[0]!;
}

function tableOf(member: SchemaObject): string | undefined {
  const [, schema, table] = objectPath(member.id);
  return member.dependsOn.find((id) => {
    const [ownSchema, name, part] = objectPath(id);
    return ownSchema === schema && name === table && part === undefined;
  });
}
