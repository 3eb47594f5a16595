import type { SchemaObject } from '../../schema/object.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

/** Schemas. `public` is one like the others: every new database has it, so it rarely differs. */
export const schemaKind: PostgresKind = {
  name: 'schema',
  rank: 1,
  query: () => `
    SELECT ${CATALOG.pg_namespace} AS classid, n.oid::int8 AS objid, 0 AS objsubid, n.nspname AS name
    FROM pg_namespace n
    WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_namespace', 'n.oid')}`,
  read(row) {
    const name = row.name as string;
    return { kind: 'schema', path: [name], name, schema: null, parent: null, props: {} };
  },
  label: (object) => `schema ${object.name}`,
  reference,
  slots: (object) => [`schema ${object.name}`],
  create: (object) => ({ sql: [`CREATE SCHEMA ${quoteIdent(object.name)}`] }),
  drop: (object) => ({
    sql: [`DROP SCHEMA ${quoteIdent(object.name)}`],
    hazards: [
      {
        code: 'drop-schema',
        level: 'data-loss',
        subject: object.name,
        message: `the schema ${object.name} goes, and everything in it with it`,
      },
    ],
  }),
  rename: (object, newName) => ({
    sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`],
  }),
  // A schema has nothing but its name.
  alter: () => 'replace',
};

function reference(object: SchemaObject): string {
  return `SCHEMA ${quoteIdent(object.name)}`;
}
