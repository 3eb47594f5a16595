import type { Connection, DatabaseError } from '../database/connection.js';

/** What PostgreSQL says of a role that is not there, as of other things that are not. */
const UNDEFINED_OBJECT = '42704';

/**
 * Ways out for a statement that was refused because the server lacks roles that it names, as full sentences. Found by the
 * parse tree and the catalog, so that the language of the server's messages does not matter.
 */
export async function missingRoleAdvice(
  connection: Connection,
  error: Pick<DatabaseError, 'sqlstate'>,
  sql: string,
): Promise<readonly string[]> {
  if (error.sqlstate !== UNDEFINED_OBJECT) return [];
  const named = await rolesNamed(sql);
  if (named.length === 0) return [];
  const rows = await connection.query<{ name: string }>(
    `SELECT n.name FROM unnest($1::text[]) WITH ORDINALITY n(name, place)
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = n.name) ORDER BY n.place`,
    [named],
  );
  const missing = rows.map(({ name }) => name);
  if (missing.length === 0) return [];
  const [one] = missing;
  const what = missing.length === 1 ? `the role ${one}` : `the roles ${missing.join(', ')}`;
  const create = missing.map((name) => `CREATE ROLE "${name.replaceAll('"', '""')}"`).join('; ');
  return [
    `This server does not have ${what}. Roles belong to the whole server: make what is missing once (${create}) and run the command again.`,
    'Where the wanted schema should not speak of roles at all, `owners: false` and `privileges: false` in the configuration leave them out of what is planned from then on.',
  ];
}

/** The roles that a statement names, each once, in order; none where it cannot be parsed. */
export async function rolesNamed(sql: string): Promise<readonly string[]> {
  const { loadModule, parseSync } = await import('libpg-query');
  await loadModule();
  const found = new Set<string>();
  try {
    collect(parseSync(sql).stmts, found);
  } catch {
    return [];
  }
  return [...found];
}

/** A role is a node `{ roletype: 'ROLESPEC_CSTRING', rolename }` wherever it stands. */
function collect(node: unknown, found: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  if ('rolename' in node && typeof node.rolename === 'string') found.add(node.rolename);
  for (const value of Object.values(node)) collect(value, found);
}
