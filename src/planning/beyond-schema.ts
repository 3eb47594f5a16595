import type { Migration } from '../migrations/migration-file.js';
import { NAME, readRebuilds, unquoted } from '../migrations/sqlite-rebuilds.js';
import type { Dialect, ScriptStatement } from '../schema/dialect.js';
import type { Schema } from '../schema/object.js';

/** A statement, or a whole program, that a schema difference would not do again. */
export interface BeyondSchema {
  readonly file: string;
  readonly line: number;
  /** Its first words. */
  readonly sql: string;
  /** Plain words without full stop: `changes or reads rows`. */
  readonly reason: string;
}

/** Managed by Tidemark: what of it a statement changes, the state of the schema shows. */
const MANAGED =
  /^(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:(?:unique|recursive|constraint|virtual|unlogged|materialized|default|trusted|procedural)\s+)*(?:(?:foreign\s+)?table|index|view|publication|sequence|type|domain|function|procedure|routine|(?:event\s+)?trigger|schema|extension|policy|rule|statistics|access\s+method|aggregate|operator|cast|collation|conversion|language|transform|text\s+search)\b/i;
/** Without an effect that lasts. */
const PASSING =
  /^(?:set|reset|show|begin|start|commit|end|rollback|savepoint|release|abort|vacuum|analy[sz]e|reindex|lock|checkpoint|discard)\b|^pragma\s+(?:foreign_keys|foreign_key_check|integrity_check|legacy_alter_table|defer_foreign_keys|optimize)\b|^select\s+\d+$/i;
const FROM_ROWS =
  /^create\b(?:\s+\w+)*?\s+table\b[\s\S]*\bas\s*\(*\s*(?:select|with|values|table|execute)\b/i;
/** Rights: a comparison sees those of the roles that stand out, and none where the configuration says so. */
const RIGHTS = /^(?:grant|revoke|alter\s+default\s+privileges|reassign)\b|\bowner\s+to\b/i;
/** Parts of a managed object that no comparison sees. */
const UNSEEN = /\bset\s+tablespace\b/i;
const RESTART = /\brestart\b/i;
const ALTER_TABLE = new RegExp(
  String.raw`^alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?:${NAME}\s*\.\s*)?(?<table>${NAME})\s+(?<change>[\s\S]*)$`,
  'iu',
);
const CONVERTS = /\btype\b[\s\S]*\busing\b/i;
const DEFAULT_CHANGE = new RegExp(
  String.raw`\balter\s+(?:column\s+)?(?<column>${NAME})\s+(?:set|drop)\s+default\b`,
  'giu',
);
const DROP_TABLE = /^drop\s+table\s+(?:if\s+exists\s+)?(?<tables>[\s\S]+?)(?:\s+(?:cascade|restrict))?$/i;
const DROP_COLUMN = new RegExp(
  String.raw`\bdrop\s+(?:column\s+)?(?:if\s+exists\s+)?(?!(?:constraint|default|not|identity|expression|column|if)\b)(?<column>${NAME})`,
  'giu',
);
const LAST_NAME = new RegExp(`${NAME}$`, 'iu');
const FILL = new RegExp(
  String.raw`^insert\s+(?:or\s+\w+\s+)?into\s+${NAME}\s*\((?<into>[^()]*)\)\s*select\s+(?<taken>[\s\S]*?)\s+from\s+(?<table>${NAME})$`,
  'iu',
);
/** How AUTOINCREMENT goes on where it was, in the table that a rebuild makes. */
const COUNTER = /^(?:delete\s+from|insert\s+into|update)\s+sqlite_sequence\b/i;

/**
 * The statements of migrations whose effect is not, or not only, the schema that is read after them: changes of rows,
 * rights, what Tidemark does not manage, and changes of tables that were there before which leave other values in
 * their rows than the difference of the schemas would. When in doubt, a statement is one.
 *
 * @param before the schema before the migrations
 * @param after the schema after them
 */
export async function beyondSchema(
  migrations: readonly Migration[],
  dialect: Dialect,
  before: Schema,
  after: Schema,
): Promise<BeyondSchema[]> {
  const found: BeyondSchema[] = [];
  const older = tablesWithColumns(before);
  const newer = tablesWithColumns(after);
  for (const { path, up, language } of migrations) {
    if (language === 'program') {
      found.push({ file: path, line: 1, sql: 'the whole program', reason: 'is a program' });
      continue;
    }
    const statements = await dialect.splitScript(up, path);
    const copies = dialect.name === 'sqlite' ? plainCopies(statements, older, newer) : new Set<number>();
    for (const [at, statement] of statements.entries()) {
      const reason = copies.has(at) ? undefined : reasonOf(statement, older, newer);
      if (reason !== undefined)
        found.push({ file: path, line: statement.line, sql: firstWords(statement.sql), reason });
    }
  }
  return found;
}

/** Columns by table, names in lower case: only to tell what was there before. */
type Tables = ReadonlyMap<string, ReadonlySet<string>>;

function reasonOf({ sql, data }: ScriptStatement, older: Tables, newer: Tables): string | undefined {
  const text = sql.replace(/--[^\r\n]*|\/\*[\s\S]*?\*\//g, ' ').trim();
  if (PASSING.test(text)) return undefined;
  if (data) return 'changes or reads rows';
  if (FROM_ROWS.test(text)) return 'fills a table from a query';
  if (/^comment\s+on\b/i.test(text)) return undefined;
  if (RIGHTS.test(text)) return 'sets rights or owners, of which a comparison may not see all';
  if (!MANAGED.test(text)) return 'is not schema, or of a kind that Tidemark does not manage';
  // What a function does is not done by creating it.
  if (/^create\b[\s\S]*?\b(?:function|procedure|trigger)\b/i.test(text)) return undefined;
  if (UNSEEN.test(text)) return 'changes what Tidemark does not manage';
  if (RESTART.test(text)) return 'moves a sequence';
  return changesOlderRows(text, older, newer);
}

function changesOlderRows(text: string, older: Tables, newer: Tables): string | undefined {
  for (const name of DROP_TABLE.exec(text)?.groups?.tables?.split(',') ?? []) {
    const table = folded(LAST_NAME.exec(name.trim())?.[0] ?? '');
    if (older.has(table) && newer.has(table)) return 'empties a table that was there before';
  }
  const { table = '', change = '' } = ALTER_TABLE.exec(text)?.groups ?? {};
  const columns = older.get(folded(table));
  if (columns === undefined) return undefined;
  if (CONVERTS.test(change)) return 'converts the values of a table that was there before';
  for (const { groups } of change.matchAll(DROP_COLUMN)) {
    const column = folded(groups?.column ?? '');
    if (columns.has(column) && newer.get(folded(table))?.has(column) === true)
      return 'empties a column that was there before';
  }
  for (const { groups } of change.matchAll(DEFAULT_CHANGE)) {
    const column = folded(groups?.column ?? '');
    const isNew = !columns.has(column) && newer.get(folded(table))?.has(column) === true;
    if (isNew) return 'changes the default that rows which were there before have got';
  }
  return undefined;
}

/**
 * Statements that only carry the rows of a table over into its new form, by index: every column that both have, as it
 * is; or whatever of a table that the range itself has made, which has no rows but those of other statements. Where
 * a column is new, its values come from a default that may have changed since: those are not among them.
 */
function plainCopies(statements: readonly ScriptStatement[], older: Tables, newer: Tables): Set<number> {
  const plain = new Set<number>();
  for (const { table, copy, filledAt } of readRebuilds({ statements })) {
    for (const [at, { sql }] of statements.entries())
      if (COUNTER.test(sql) && sql.includes(`'${copy}'`)) plain.add(at);
    const { into, taken, table: from } = FILL.exec(statements[filledAt - 1]?.sql ?? '')?.groups ?? {};
    if (into === undefined || taken === undefined || from === undefined) continue;
    if (folded(from) !== folded(table)) continue;
    const [before, after] = [older.get(folded(table)), newer.get(folded(table))];
    const names = namesIn(into);
    const same = names.join() === namesIn(taken).join();
    const keeps = [...(before ?? [])].every((name) => names.includes(name) || after?.has(name) !== true);
    const grows = [...(after ?? [])].some((name) => before?.has(name) !== true);
    // The rows are in the copy by now; what the filling does to them is said there.
    for (const [at, { sql }] of statements.entries())
      if (
        at >= filledAt &&
        folded(LAST_NAME.exec(DROP_TABLE.exec(sql)?.groups?.tables ?? '')?.[0] ?? '') === folded(table)
      )
        plain.add(at);
    if (before === undefined || (same && keeps && !grows)) plain.add(filledAt - 1);
  }
  return plain;
}

function namesIn(list: string): string[] {
  return list.split(',').map((name) => folded(name.trim()));
}

function tablesWithColumns({ objects }: Schema): Tables {
  const tables = new Map<string, Set<string>>();
  for (const { kind, name, parent } of objects.values()) {
    if (kind === 'table') columnsOf(tables, name);
    const owner = kind === 'column' && parent !== null ? objects.get(parent) : undefined;
    if (owner !== undefined) columnsOf(tables, owner.name).add(name.toLowerCase());
  }
  return tables;
}

function columnsOf(tables: Map<string, Set<string>>, table: string): Set<string> {
  const key = table.toLowerCase();
  const columns = tables.get(key) ?? new Set<string>();
  tables.set(key, columns);
  return columns;
}

function folded(name: string): string {
  return name === '' ? '' : unquoted(name).toLowerCase();
}

function firstWords(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
