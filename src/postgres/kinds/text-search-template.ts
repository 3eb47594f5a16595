import { routineName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import type { PostgresKind } from '../postgres-kind.js';
import { namedDraft, namedObject } from './named-object.js';
import { createFromFunctions } from './text-search-parser.js';

/** A text search template: the functions behind dictionaries. */
export const textSearchTemplateKind: PostgresKind = {
  ...namedObject('text search template'),
  name: 'text-search-template',
  rank: 21,

  query: () => `
    SELECT ${CATALOG.pg_ts_template} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, t.tmplname AS name, pg_ts_template_is_visible(t.oid) AS visible,
           ${routineName('t.tmplinit')} AS init, ${routineName('t.tmpllexize')} AS lexize
      FROM pg_ts_template t
      JOIN pg_namespace n ON n.oid = t.tmplnamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_ts_template', 't.oid')}`,

  read: (row) =>
    namedDraft('text-search-template', row, {
      init: row.init as string | null,
      lexize: row.lexize as string,
    }),

  create: (object) => ({ sql: [createFromFunctions('TEMPLATE', object)] }),
  alter: () => 'replace',
};
