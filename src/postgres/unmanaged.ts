import { CATALOG, FIRST_USER_OID, isNotExtensionMember, isUserSchema } from './catalog-scope.js';

/**
 * A SELECT with the columns `kind` and `name` that lists what Tidemark does not manage yet, in user schemas and
 * database-wide, without what extensions brought. Run with `search_path = public`, as the kinds' queries are.
 * Tables of unmanaged sorts (partitions, foreign tables, …) are reported by the table kind. Columns' attributes
 * that the column kind manages are not in it. `version` is server_version_num. No `;`.
 */
export function unmanagedQuery(version: number): string {
  const sources = [...SOURCES, ...OWNERS, ...PRIVILEGES].map((source) => source(version));
  return `WITH usual_owners AS MATERIALIZED (${USUAL_OWNERS}), found(kind, name) AS (${sources.join('\nUNION ALL\n')})
    SELECT kind, name FROM found`;
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

/** Grants on columns. */
function columnGrants(): string {
  return `
    SELECT 'grant', 'on column ' || ${COLUMN}
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attacl IS NOT NULL
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_class', 'c.oid')}`;
}

const RELATION = dotted('n.nspname', 'c.relname');
const COLUMN = `${RELATION} || '.' || quote_ident(a.attname)`;
const SIGNATURE = `${dotted('n.nspname', 'o.proname')} || '(' || pg_get_function_identity_arguments(o.oid) || ')'`;

const SOURCES: readonly Source[] = [
  columnGrants,
  aboutRelation(
    'tablespace',
    `${RELATION} || ' in ' || quote_ident(s.spcname)`,
    'true',
    'JOIN pg_tablespace s ON s.oid = c.reltablespace',
  ),
  // The view pg_seclabels takes longer to plan than all the rest to run.
  () => `
    SELECT 'security label', l.provider || ' on ' || i.type || ' ' || i.identity
      FROM pg_seclabel l
     CROSS JOIN LATERAL pg_identify_object(l.classoid, l.objoid, l.objsubid) i`,
];

/**
 * Whose objects nobody wonders about: the owner of the database, the connected role, which is who a plan would
 * make them as, and whoever owns the most. Computed once a query, and most objects end at this comparison.
 */
const USUAL_OWNERS = `
  SELECT ARRAY(
    SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()
    UNION ALL SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user
    UNION ALL (SELECT c.relowner FROM pg_class c WHERE c.oid >= ${FIRST_USER_OID}
                GROUP BY c.relowner ORDER BY count(*) DESC, c.relowner LIMIT 1)) AS roles`;
const STANDS_OUT = (owner: string): string => `${owner} <> ALL ((SELECT u.roles FROM usual_owners u)::oid[])`;

/** Objects of an owner that stands out. The role is in the kind, so that `exclude` finds the object by its name. */
function owners(
  of: string,
  catalog: string,
  owner: string,
  schema: string,
  name: string,
  where: string,
): Source {
  return () => `
    SELECT 'owner ' || pg_get_userbyid(o.${owner}) || ' of ${of}', ${name}
      FROM ${catalog} o
      JOIN pg_namespace n ON n.oid = o.${schema}
     WHERE ${STANDS_OUT(`o.${owner}`)} AND ${where}
       AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember(catalog, 'o.oid')}`;
}

const OWNERS: readonly Source[] = [
  owners(
    'relation',
    'pg_class',
    'relowner',
    'relnamespace',
    dotted('n.nspname', 'o.relname'),
    // The sequence of a column has its table's owner, always.
    `(o.relkind IN ('r', 'p', 'v', 'm', 'f') OR o.relkind = 'S' AND NOT EXISTS (
       SELECT FROM pg_depend d WHERE d.classid = ${CATALOG.pg_class} AND d.objid = o.oid
         AND d.refclassid = ${CATALOG.pg_class} AND d.deptype IN ('a', 'i')))`,
  ),
  owners('routine', 'pg_proc', 'proowner', 'pronamespace', SIGNATURE, 'true'),
  owners(
    'type',
    'pg_type',
    'typowner',
    'typnamespace',
    dotted('n.nspname', 'o.typname'),
    // Not the types that come with a relation, another type (arrays, multiranges) or the shell of one.
    `(o.typtype IN ('e', 'd', 'r') OR o.typtype = 'c' AND EXISTS (
       SELECT FROM pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c'))`,
  ),
  // Who owns schema public of a new database is the version's affair: the role of initdb, or pg_database_owner.
  () => `
    SELECT 'owner ' || pg_get_userbyid(n.nspowner) || ' of schema', quote_ident(n.nspname)
      FROM pg_namespace n
     WHERE ${STANDS_OUT('n.nspowner')} AND ${isUserSchema('n.nspname')}
       AND NOT (n.nspname = 'public' AND n.nspowner < ${FIRST_USER_OID})
       AND ${isNotExtensionMember('pg_namespace', 'n.oid')}`,
];

/** Grants that differ from what the owner's defaults give. `aclexplode` makes the order of entries irrelevant. */
function grants(
  on: string,
  kind: string,
  catalog: string,
  acl: string,
  owner: string,
  name: string,
  where: string,
): Source {
  return () => `
    SELECT 'grant', '${on} ' || ${name}
      FROM ${catalog} o
      JOIN pg_namespace n ON n.oid = o.${where}
     WHERE o.${acl} IS NOT NULL AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember(catalog, 'o.oid')}
       AND ${differs(`o.${acl}`, kind, `o.${owner}`)}`;
}

function differs(acl: string, kind: string, owner: string): string {
  const entries = (of: string): string =>
    `(SELECT array_agg((x.grantor, x.grantee, x.privilege_type, x.is_grantable)::text ORDER BY 1) FROM (SELECT * FROM aclexplode(${of}) ORDER BY 1, 2, 3, 4) x)`;
  return `${entries(acl)} IS DISTINCT FROM ${entries(`acldefault(${kind}, ${owner})`)}`;
}

const PRIVILEGES: readonly Source[] = [
  grants(
    'on relation',
    `CASE WHEN o.relkind = 'S' THEN 's' ELSE 'r' END::"char"`,
    'pg_class',
    'relacl',
    'relowner',
    dotted('n.nspname', 'o.relname'),
    'relnamespace',
  ),
  grants('on routine', `'f'`, 'pg_proc', 'proacl', 'proowner', SIGNATURE, 'pronamespace'),
  grants('on type', `'T'`, 'pg_type', 'typacl', 'typowner', dotted('n.nspname', 'o.typname'), 'typnamespace'),
  // The database's own schema "public" has a default of its own since PostgreSQL 15; before, PUBLIC could create in it.
  (version) => `
    SELECT 'grant', 'on schema ' || quote_ident(n.nspname)
      FROM pg_namespace n
     WHERE n.nspacl IS NOT NULL AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_namespace', 'n.oid')}
       AND CASE WHEN n.nspname = 'public'
                THEN ${publicDiffers(version)}
                ELSE ${differs('n.nspacl', `'n'`, 'n.nspowner')} END`,
  () => `
    SELECT 'default privileges', 'of ' || quote_ident(pg_get_userbyid(d.defaclrole))
           || coalesce(' in schema ' || quote_ident(n.nspname), '') || ' for '
           || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                   WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE d.defaclobjtype::text END
      FROM pg_default_acl d
      LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace`,
];

/** Other than the owner, only PUBLIC is in the built-in ACL of schema public: USAGE, and CREATE before version 15. */
function publicDiffers(version: number): string {
  const builtIn = version >= 150000 ? "'USAGE'" : "'CREATE', 'USAGE'";
  const count = version >= 150000 ? 1 : 2;
  return `(SELECT count(*) FILTER (WHERE x.grantee = 0 AND x.privilege_type IN (${builtIn}) AND NOT x.is_grantable) <> ${count}
                    OR count(*) FILTER (WHERE x.grantee = 0 AND x.privilege_type IN (${builtIn}))
                       <> count(*) FILTER (WHERE x.grantee <> n.nspowner)
                    OR count(*) FILTER (WHERE x.grantee = n.nspowner) <> 2
                  FROM aclexplode(n.nspacl) x)`;
}
