import type { Hazard } from '../../schema/kind.js';
import { propsOf } from '../../schema/kind.js';
import { CATALOG } from '../catalog-scope.js';
import { DEFAULT_SCHEMA, quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface ExtensionProps {
  readonly schema: string;
}

/**
 * An extension. Its version is in `info` and never a difference: the catalog does not say whether the
 * declaration pinned one, and the dev database and a live server are rarely on the same. What a script pins is
 * `info.pinned`; that is written, and a database on another version is told of. plpgsql is part of every
 * database and left out; so is everything an extension brings with it.
 */
export const extensionKind: PostgresKind = {
  name: 'extension',
  rank: 0,
  label: (object) => `extension ${object.name}`,
  reference: (object) => `EXTENSION ${quoteIdent(object.name)}`,

  query: () => `
    SELECT ${CATALOG.pg_extension} AS classid, e.oid::int8 AS objid, 0 AS objsubid, e.extname AS name,
           n.nspname AS schema, e.extversion AS version, e.extrelocatable AS relocatable
      FROM pg_extension e
      JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname <> 'plpgsql'`,

  read: (row) => ({
    kind: 'extension',
    path: [row.name as string],
    name: row.name as string,
    schema: null,
    parent: null,
    props: { schema: row.schema as string },
    info: { version: row.version as string, relocatable: row.relocatable as boolean },
  }),

  create(object) {
    const { schema } = propsOf<ExtensionProps>(object);
    const place = schema === DEFAULT_SCHEMA ? '' : ` WITH SCHEMA ${quoteIdent(schema)}`;
    const { pinned } = object.info;
    const version = typeof pinned === 'string' ? ` VERSION '${pinned.replaceAll("'", "''")}'` : '';
    return { sql: [`CREATE EXTENSION IF NOT EXISTS ${quoteIdent(object.name)}${place}${version}`] };
  },

  drop: (object) => ({
    sql: [`DROP EXTENSION IF EXISTS ${quoteIdent(object.name)}`],
    hazards: [dropped(object.name)],
  }),

  alter(before, after) {
    if (before.info.relocatable !== true) return 'replace';
    const { schema } = propsOf<ExtensionProps>(after);
    return {
      sql: [`ALTER EXTENSION ${quoteIdent(after.name)} SET SCHEMA ${quoteIdent(schema)}`],
      summary: `Move extension ${after.name} to schema ${schema}`,
    };
  },
};

function dropped(name: string): Hazard {
  return {
    code: 'drop-extension',
    level: 'data-loss',
    subject: name,
    message: `extension ${name} goes with everything it brought: types, functions and its own tables`,
  };
}
