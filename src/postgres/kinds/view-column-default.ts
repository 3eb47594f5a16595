import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface ViewColumnDefaultProps {
  readonly expression: string;
}

/** The default of a column of a view, for what is inserted through the view. OR REPLACE keeps it. */
export const viewColumnDefaultKind: PostgresKind = {
  name: 'view-column-default',
  rank: 68,
  label: (object) => `the default of column ${plainRelationOf(object)}.${object.name}`,
  reference: (object) => `COLUMN ${relationOf(object)}.${quoteIdent(object.name)}`,
  droppedWithParent: () => true,
  cutOrder: () => 1,

  query: () => `
    SELECT ${CATALOG.pg_attrdef} AS classid, d.oid::int8 AS objid, 0 AS objsubid,
           d.adrelid::int8 AS relation, a.attname AS name, pg_get_expr(d.adbin, d.adrelid) AS definition
      FROM pg_attrdef d
      JOIN pg_class c ON c.oid = d.adrelid AND c.relkind = 'v'
      JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE d.adrelid >= ${FIRST_USER_OID}`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.relation as number, 0);
    const expression = canonicalExpression(row.definition as string);
    if (parent === undefined || /^\(?NULL::/.test(expression)) return undefined;
    const [schema, view] = objectPath(parent) as [string, string];
    return {
      kind: 'view-column-default',
      path: [schema, view, row.name as string],
      name: row.name as string,
      schema,
      parent,
      props: { expression },
    };
  },

  create: (object) => ({ sql: [setDefault(object)] }),
  drop: (object) => ({ sql: [`${alterColumn(object)} DROP DEFAULT`] }),
  alter: (_before, after) => ({ sql: [setDefault(after)] }),
};

function alterColumn(object: SchemaObject): string {
  return `ALTER VIEW ${relationOf(object)} ALTER COLUMN ${quoteIdent(object.name)}`;
}

function setDefault(object: SchemaObject): string {
  return `${alterColumn(object)} SET DEFAULT ${propsOf<ViewColumnDefaultProps>(object).expression}`;
}
