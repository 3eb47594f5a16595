import type { Script } from './script.js';

/** A table that a script makes anew: a copy is filled, the table is dropped, the copy takes its name. */
export interface Rebuild {
  readonly table: string;
  readonly copy: string;
  /** A statement, by index, before which both hold their rows: the copy is filled and the table not dropped yet. */
  readonly filledAt: number;
}

/** A regular expression for a name, however it is quoted. */
export const NAME = String.raw`(?:"(?:[^"]|"")*"|\[[^\]]*\]|${'`'}(?:[^${'`'}]|${'``'})*${'`'}|'(?:[^']|'')*'|[\p{L}_][\p{L}\p{N}_$]*)`;
const TABLE = `(?:main\\s*\\.\\s*)?(?<table>${NAME})`;
const DROP = new RegExp(`^drop\\s+table\\s+(?:if\\s+exists\\s+)?${TABLE}$`, 'iu');
const FILL = new RegExp(`^insert\\s+(?:or\\s+\\w+\\s+)?into\\s+${TABLE}`, 'iu');
const RENAME = new RegExp(`^alter\\s+table\\s+${TABLE}\\s+rename\\s+to\\s+(?<to>${NAME})$`, 'iu');

/** Finds the tables that a script makes anew, in SQLite's documented way (lang_altertable, the 12 steps). */
export function readRebuilds({ statements }: Pick<Script, 'statements'>): Rebuild[] {
  const dropped = new Map<string, { readonly table: string; readonly at: number }>();
  const filled = new Map<string, number>();
  const rebuilds: Rebuild[] = [];
  for (const [at, { sql }] of statements.entries()) {
    const drop = DROP.exec(sql)?.groups;
    if (drop !== undefined) {
      const table = unquoted(drop.table!);
      dropped.set(table.toLowerCase(), { table, at });
    }
    const copy = FILL.exec(sql)?.groups;
    if (copy !== undefined) filled.set(unquoted(copy.table!).toLowerCase(), at + 1);
    const rename = RENAME.exec(sql)?.groups;
    const old = rename && dropped.get(unquoted(rename.to!).toLowerCase());
    if (old === undefined || rename === undefined) continue;
    const to = unquoted(rename.table!);
    rebuilds.push({ table: old.table, copy: to, filledAt: filled.get(to.toLowerCase()) ?? old.at });
  }
  return rebuilds;
}

/** The name that `NAME` matched. */
export function unquoted(name: string): string {
  const first = name[0]!;
  if (first === '[') return name.slice(1, -1);
  return '"`\''.includes(first) ? name.slice(1, -1).replaceAll(first + first, first) : name;
}
