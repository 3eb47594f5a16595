import type { SqliteHandle } from './sqlite-driver.js';

/** Everything in SQL that is not code, and names in double quotes with the word before them. */
const PIECE =
  /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\[[^\]]*\]|`(?:[^`]|``)*`|(?:\b(?<word>as|constraint|collate|table|view|with|raise)\s+)?"(?<name>(?:[^"]|"")*)"/gi;

/**
 * True when the definitions in a database hold something in double quotes that names nothing there: a string, as
 * SQLite takes it by default for compatibility (https://www.sqlite.org/quirks.html, 8) and as the shell before 3.41 and
 * most languages' drivers let it be written. A string that is spelled like some column is not told from its name.
 */
export function holdsQuotedStrings(handle: SqliteHandle): boolean {
  const rows = handle.all(
    `SELECT sql FROM sqlite_master WHERE sql LIKE '%"%' AND sql NOT LIKE 'create virtual %'`,
    [],
  );
  if (rows.length === 0) return false;
  const unknown = new Set<string>();
  const known = new Set(['rowid', '_rowid_', 'oid', 'new', 'old', 'main', 'temp', 'excluded']);
  for (const { sql } of rows) {
    for (const { groups } of String(sql).matchAll(PIECE)) {
      if (groups?.name === undefined) continue;
      const name = groups.name.replaceAll('""', '"').toLowerCase();
      (groups.word === undefined ? unknown : known).add(name);
    }
  }
  const names = handle.all(
    `SELECT name FROM sqlite_master
     UNION SELECT tbl_name FROM sqlite_master
     UNION SELECT c.name FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c WHERE t.type = 'table'`,
    [],
  );
  for (const { name } of names) known.add(String(name).toLowerCase());
  return [...unknown].some((name) => !known.has(name) && !isDeclared(name, rows));
}

/** True for what a definition names by itself without a word before it: the columns of a view, a table's alias. */
function isDeclared(name: string, rows: readonly { readonly sql?: unknown }[]): boolean {
  const quoted = `"${name.replaceAll('"', '""')}"`.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const used = new RegExp(`${quoted}\\s*\\.|\\bview\\b[\\s\\S]*?\\([^()]*${quoted}[^()]*\\)\\s*as\\b`, 'i');
  return rows.some(({ sql }) => used.test(String(sql)));
}
