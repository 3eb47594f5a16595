import { propsOf } from '../../schema/kind.js';
import type { SchemaObject, Value } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { plainName, qualified, quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { parameterChanges, readParameters, withClause } from './storage-parameters.js';

interface ViewProps {
  /** The query, as the server deparses it. */
  readonly definition: string;
  /** `check_option=local`, `security_barrier=true`, `security_invoker=true`. */
  readonly options: readonly string[];
}

/** A view. CREATE OR REPLACE where its columns stay and new ones come last; else it is dropped and created again. */
export const viewKind: PostgresKind = {
  name: 'view',
  rank: 50,
  label: (object) => `view ${plainName(object.schema, object.name)}`,
  reference,
  slots: relationSlots,
  blocksColumnTypeChange: true,

  query: () => `
    SELECT ${CATALOG.pg_class} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, c.relname AS name, pg_get_viewdef(c.oid) AS definition, c.reloptions AS options,
           (SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
                                             a.attcollation::regcollation::text) ORDER BY a.attnum)
              FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'v' AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_class', 'c.oid')}`,

  read: (row) => ({
    kind: 'view',
    path: [row.schema as string, row.name as string],
    name: row.name as string,
    schema: row.schema as string,
    parent: null,
    props: {
      definition: queryText(row.definition as string),
      options: readParameters(row.options),
    },
    info: { columns: (row.columns ?? []) as Value[] },
  }),

  create: (object) => ({ sql: [createView(object, 'CREATE VIEW')] }),
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`] }),

  alter(before, after, changed) {
    if (!changed.includes('definition')) {
      const changes = parameterChanges(propsOf<ViewProps>(before).options, propsOf<ViewProps>(after).options);
      return {
        sql: changes.map((change) => `ALTER ${reference(after)} ${change}`),
        summary: `Change the options of view ${plainName(after.schema, after.name)}`,
      };
    }
    if (!keepsColumns(before, after)) return 'replace';
    return {
      sql: [createView(after, 'CREATE OR REPLACE VIEW')],
      summary: `Change the query of view ${plainName(after.schema, after.name)}`,
    };
  },
};

/** Names that views, materialised views and tables share; each of them is a row type as well. */
export function relationSlots(object: SchemaObject): string[] {
  const name = plainName(object.schema, object.name);
  return [`relation ${name}`, `type ${name}`];
}

/** The deparsed query without the blank before it and the semicolon after it. */
export function queryText(deparsed: string): string {
  return canonicalExpression(deparsed.trim().replace(/;$/, ''));
}

function reference(object: SchemaObject): string {
  return `VIEW ${qualified(object.schema, object.name)}`;
}

function createView(object: SchemaObject, verb: string): string {
  const { definition, options } = propsOf<ViewProps>(object);
  return `${verb} ${qualified(object.schema, object.name)}${withClause(options)} AS\n${definition}`;
}

function keepsColumns(before: SchemaObject, after: SchemaObject): boolean {
  const old = before.info.columns as readonly Value[];
  const wanted = after.info.columns as readonly Value[];
  return old.every((column, i) => JSON.stringify(column) === JSON.stringify(wanted[i]));
}
