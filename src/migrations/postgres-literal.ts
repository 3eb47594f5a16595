/**
 * A string as an SQL literal that means the same with and without standard_conforming_strings, which a
 * migration may have changed before the history row is written.
 */
export function literal(text: string | null | undefined): string {
  if (text === null || text === undefined) return 'NULL';
  // PostgreSQL stores no NUL characters; an error message of a driver could hold one.
  const quoted = text.replaceAll('\0', '').replaceAll("'", "''");
  return quoted.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

/** Strings as a `text[]` literal. */
export function textArray(texts: readonly string[]): string {
  return `ARRAY[${texts.map(literal).join(', ')}]::pg_catalog.text[]`;
}
