import type { SchemaObject } from '../../schema/object.js';
import { routineName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { namedDraft, namedObject, optionList } from './named-object.js';

/** A text search parser: a set of functions. */
export const textSearchParserKind: PostgresKind = {
  ...namedObject('text search parser'),
  name: 'text-search-parser',
  rank: 20,

  query: () => `
    SELECT ${CATALOG.pg_ts_parser} AS classid, p.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, p.prsname AS name, pg_ts_parser_is_visible(p.oid) AS visible,
           ${routineName('p.prsstart')} AS start, ${routineName('p.prstoken')} AS token, ${routineName('p.prsend')} AS "end",
           ${routineName('p.prslextype')} AS lextypes, ${routineName('p.prsheadline')} AS headline
      FROM pg_ts_parser p
      JOIN pg_namespace n ON n.oid = p.prsnamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_ts_parser', 'p.oid')}`,

  read: (row) =>
    namedDraft('text-search-parser', row, {
      start: row.start as string,
      gettoken: row.token as string,
      end: row.end as string,
      lextypes: row.lextypes as string,
      headline: row.headline as string | null,
    }),

  create: (object) => ({ sql: [createFromFunctions('PARSER', object)] }),
  alter: () => 'replace',
};

/** The options of a parser or template are its functions, each under its own name. */
export function createFromFunctions(word: 'PARSER' | 'TEMPLATE', object: SchemaObject): string {
  const functions = Object.entries(object.props).map(([role, name]) => [role.toUpperCase(), name]);
  return `CREATE TEXT SEARCH ${word} ${nameOf(object)} ${optionList(Object.fromEntries(functions))}`;
}
