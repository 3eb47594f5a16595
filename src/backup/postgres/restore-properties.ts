import { type Connection, DatabaseError } from '../../database/connection.js';
import { quoteIdent } from '../../postgres/identifiers.js';
import { DATABASE_PLACE } from './read-facts.js';
import { formatMarker, type Marker } from './swap-marker.js';
import { commentOn } from './swap-recover.js';

/** The forms that `readGlobals` gives. Anything else in a manifest is none of ours and is not run. */
const FORMS =
  /^((?:ALTER|ALTER ROLE (?:"(?:[^"]|"")*"|[a-z_][a-z0-9_]*) IN|COMMENT ON|REVOKE ALL ON|GRANT [A-Z, ]+ ON) DATABASE )\{database\}(?= )/;

const QUOTED = /E?'(?:[^'\\]|''|\\\\)*'|"(?:[^"]|"")*"/g;
/** What could end a statement, or begin another text in which one is hidden. */
const MORE = /['";\\$]|--|\/\*/;

/** insufficient_privilege; undefined_object: a role that only has settings here, an extension's setting. */
const LEFT_OUT = new Set(['42501', '42704']);

/**
 * Gives a database the properties of another: owner, limit, grants and settings, all of them or none. The comment is
 * kept in its marker until the database is live. Gives the marker that it bears then, and notes on what cannot
 * be set here.
 *
 * @param properties statements with DATABASE_PLACE for the name
 */
export async function applyProperties(
  connection: Connection,
  database: string,
  properties: readonly string[],
  marker: Marker,
): Promise<{ readonly marker: Marker; readonly notes: readonly string[] }> {
  const notes: string[] = [];
  const name = quoteIdent(database);
  await connection.executeAll(['BEGIN', commentOn(database, null)]);
  try {
    for (const property of properties) {
      if (!isProperty(property)) {
        notes.push(`This is no property of a database, and was left out: ${property.slice(0, 200)}`);
        continue;
      }
      const sql = property.replace(FORMS, (_, before: string) => before + name);
      try {
        await connection.executeAll(['SAVEPOINT property', sql, 'RELEASE property']);
      } catch (error) {
        if (!(error instanceof DatabaseError) || !LEFT_OUT.has(error.sqlstate)) throw error;
        await connection.executeAll(['ROLLBACK TO property', 'RELEASE property']);
        const rest = property.replace(`DATABASE ${DATABASE_PLACE}`, 'DATABASE …');
        notes.push(`Could not be taken over (${error.message}): ${rest}`);
      }
    }
    const [row] = await connection.query<{ comment: string | null }>(
      `SELECT pg_catalog.shobj_description(oid, 'pg_database') AS comment
       FROM pg_catalog.pg_database WHERE datname = $1`,
      [database],
    );
    const marked: Marker = { ...marker, comment: row?.comment ?? null };
    await connection.executeAll([commentOn(database, formatMarker(marked)), 'COMMIT']);
    return { marker: marked, notes };
  } catch (error) {
    await connection.executeAll(['ROLLBACK']).catch(() => {});
    throw error;
  }
}

/** True for one statement of ours and nothing behind it. */
function isProperty(text: string): boolean {
  const form = FORMS.exec(text);
  if (form === null) return false;
  return !MORE.test(text.slice(form[0].length).replace(QUOTED, ''));
}
