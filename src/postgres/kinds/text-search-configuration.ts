import { propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { namedDraft, namedObject } from './named-object.js';
import { addMappings } from './text-search-mapping.js';

/** A text search configuration: a parser. Which dictionaries its tokens go through are objects of their own. */
export const textSearchConfigurationKind: PostgresKind = {
  ...namedObject('text search configuration'),
  name: 'text-search-configuration',
  rank: 23,

  query: () => `
    SELECT ${CATALOG.pg_ts_config} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, c.cfgname AS name, pg_ts_config_is_visible(c.oid) AS visible,
           CASE WHEN pg_ts_parser_is_visible(p.oid) THEN '' ELSE quote_ident(s.nspname) || '.' END
             || quote_ident(p.prsname) AS parser
      FROM pg_ts_config c
      JOIN pg_namespace n ON n.oid = c.cfgnamespace
      JOIN pg_ts_parser p ON p.oid = c.cfgparser
      JOIN pg_namespace s ON s.oid = p.prsnamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_ts_config', 'c.oid')}`,

  read: (row) => namedDraft('text-search-configuration', row, { parser: row.parser as string }),

  create(object, { folded }) {
    const { parser } = propsOf<{ readonly parser: string }>(object);
    return {
      sql: [
        `CREATE TEXT SEARCH CONFIGURATION ${nameOf(object)} (PARSER = ${parser})`,
        ...addMappings(object, folded),
      ],
    };
  },
  alter: () => 'replace',

  // The server keeps a dictionary for the whole configuration; only the mappings need it.
  toleratesReplacing: isDictionary,
  toleratesDropping: isDictionary,
};

function isDictionary(_configuration: SchemaObject, needed: SchemaObject): boolean {
  return needed.kind === 'text-search-dictionary';
}
