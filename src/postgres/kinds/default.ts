import type { RenderContext, Rendered } from '../../schema/kind.js';
import { lastPart, objectPath, type SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { CatalogRow, PostgresKind } from '../postgres-kind.js';
import { alterColumnOnly, defaultText } from './column-definition.js';

/**
 * The default of a column: an object of its own, because it can need a function or a sequence that needs
 * the table. Generation expressions are properties of their column.
 */
export const defaultKind: PostgresKind = {
  name: 'default',
  rank: 32,
  columns: ['objid', 'relation', 'column', 'definition'],
  // A default mentions no column, so it can be put into words without its table, which is four times as fast.
  query: () => `
    SELECT ${CATALOG.pg_attrdef} AS classid, d.oid::int8 AS objid, 0 AS objsubid,
      d.adrelid::int8 AS relation, d.adnum AS column, pg_get_expr(d.adbin, 0) AS definition
    FROM pg_attrdef d
    WHERE d.adrelid >= ${FIRST_USER_OID}
      AND (SELECT a.attgenerated FROM pg_attribute a WHERE a.attrelid = d.adrelid AND a.attnum = d.adnum) = ''`,
  read,
  label: (object) => `the default of column ${plainRelationOf(object)}.${object.name}`,
  reference: (object) => `COLUMN ${relationOf(object)}.${quoteIdent(object.name)}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  cutOrder: () => 1,
  create: setDefault,
  drop: (object, context) => ({ sql: [`${alterColumnOnly(object, context)} DROP DEFAULT`] }),
  alter: (_before, after, _changed, context) => ({
    ...setDefault(after, context),
    summary: `Change the default of column ${plainRelationOf(after)}.${after.name}`,
  }),
};

function setDefault(object: SchemaObject, context: RenderContext): Rendered {
  const type = String(context.to.objects.get(object.parent!)?.props.type);
  return { sql: [`${alterColumnOnly(object, context)} SET DEFAULT ${defaultText(object, type)}`] };
}

function read(
  row: CatalogRow,
  _version: number,
  idAt: Parameters<PostgresKind['read']>[2],
): ReturnType<PostgresKind['read']> {
  const column = idAt(CATALOG.pg_class, row.relation as number, row.column as number);
  const expression = canonicalExpression(row.definition as string);
  // DEFAULT NULL is kept as a cast on types with a modifier and dropped on others; it says nothing.
  if (column === undefined || /^\(?NULL::/.test(expression)) return undefined;
  return {
    kind: 'default',
    id: column.replace('column:', 'default:'),
    path: [],
    name: lastPart(column),
    schema: objectPath(column)[0]!,
    parent: column,
    props: { expression },
  };
}
