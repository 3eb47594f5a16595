/** A string as an SQL literal. SQLite ends a statement at a NUL character, and an error message could hold one. */
export function literal(text: string | null | undefined): string {
  if (text === null || text === undefined) return 'NULL';
  return `'${text.replaceAll('\0', '').replaceAll("'", "''")}'`;
}

/** Strings as a literal of a JSON array. */
export function jsonArray(texts: readonly string[]): string {
  return literal(JSON.stringify(texts));
}

/** A name in double quotes. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
