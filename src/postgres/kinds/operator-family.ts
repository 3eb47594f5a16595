import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { plainName, quoteIdent, shadowing } from '../identifiers.js';
import { addMembers, familyReference } from '../operator-members.js';
import type { PostgresKind } from '../postgres-kind.js';

/**
 * An operator family. The one that CREATE OPERATOR CLASS makes by itself is one like the others. Its loose members
 * are objects of their own.
 */
export const operatorFamilyKind: PostgresKind = {
  name: 'operator-family',
  rank: 44,
  label: (object) =>
    `operator family ${plainName(object.schema, object.name)} for ${String(object.info.method)}`,
  reference: familyReference,
  slots: (object) => [object.id],

  query: () => `
    SELECT ${CATALOG.pg_opfamily} AS classid, f.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, f.opfname AS name, pg_opfamily_is_visible(f.oid) AS visible, m.amname AS method
      FROM pg_opfamily f
      JOIN pg_namespace n ON n.oid = f.opfnamespace
      JOIN pg_am m ON m.oid = f.opfmethod
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_opfamily', 'f.oid')}`,

  read(row) {
    const schema = row.schema as string;
    const name = row.name as string;
    const method = row.method as string;
    return {
      kind: 'operator-family',
      path: [schema, name, method],
      name,
      schema,
      parent: null,
      props: {},
      info: { method, ...shadowing(schema, row.visible) },
    };
  },

  create: (object, { folded }) => ({
    sql: [`CREATE ${familyReference(object)}`, ...addMembers(object, folded)],
  }),
  drop: (object) => ({ sql: [`DROP ${familyReference(object)}`] }),
  rename: (object, newName) => ({
    sql: [`ALTER ${familyReference(object)} RENAME TO ${quoteIdent(newName)}`],
  }),
  alter: () => 'replace',
};
