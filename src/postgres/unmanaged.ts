import { isNotExtensionMember, isUserSchema } from './catalog-scope.js';

/**
 * A SELECT with the columns `kind` and `name` that lists what Tidemark does not manage yet, in user schemas and
 * database-wide, without what extensions brought. Run with `search_path = public`, as the kinds' queries are.
 * Tables of unmanaged sorts (partitions, foreign tables, …) are reported by the table kind. Columns' attributes
 * that the column kind manages are not in it. `version` is server_version_num. No `;`.
 */
export function unmanagedQuery(version: number): string {
  const sources = SOURCES.map((source) => source(version));
  return `WITH found(kind, name) AS (${sources.join('\nUNION ALL\n')}) SELECT kind, name FROM found`;
}

type Source = (version: number) => string;

/** A name as `qualified` would write it; both arguments are columns. */
function dotted(schema: string, name: string): string {
  return `CASE WHEN ${schema} = 'public' THEN '' ELSE quote_ident(${schema}) || '.' END || quote_ident(${name})`;
}

/** Something about a table or view that is there; `join` adds what `c` (pg_class) is joined with. */
function aboutRelation(kind: string, name: string, where: string, join = ''): Source {
  return () => `
    SELECT '${kind}', ${name}
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace ${join}
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_class', 'c.oid')} AND ${where}`;
}

const RELATION = dotted('n.nspname', 'c.relname');

const SOURCES: readonly Source[] = [
  aboutRelation(
    'tablespace',
    `${RELATION} || ' in ' || quote_ident(s.spcname)`,
    'true',
    'JOIN pg_tablespace s ON s.oid = c.reltablespace',
  ),
];
