import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { loadDialect } from '../../src/dialects.js';

export interface ShellResult {
  readonly code: number;
  /** What went wrong, in the words of the shell. */
  readonly errors: string;
}

/**
 * Runs a script as the person does who gets one: with psql or sqlite3. A machine without that shell runs it
 * statement by statement up to the first error.
 *
 * @param url `postgres://…` or `sqlite:path`
 */
export async function runInShell(url: string, script: string): Promise<ShellResult> {
  const [program, ...args] = url.startsWith('sqlite:')
    ? ['sqlite3', url.slice('sqlite:'.length)]
    : [psql(), '-X', '-q', '-f', '-', '-d', url];
  const shell = spawnSync(program, args, { input: script, encoding: 'utf8' });
  if (shell.error === undefined) return { code: shell.status ?? -1, errors: shell.stderr };
  return byStatement(url, script);
}

/** Debian's folders come before what npm brings, which is the server alone. */
function psql(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  return versions.map((version) => join(debian, version, 'bin', 'psql')).find(existsSync) ?? 'psql';
}

async function byStatement(url: string, script: string): Promise<ShellResult> {
  const db = await openDatabase(parseDatabaseUrl(url));
  try {
    const sql = script.replace(/^(?:\.bail on|\\set \w+ on)$/gm, '');
    const dialect = await loadDialect(db.engine);
    for (const statement of await dialect.splitScript(sql, 'script')) await db.executeAll([statement.sql]);
    return { code: 0, errors: '' };
  } catch (error) {
    return { code: 3, errors: String(error) };
  } finally {
    await db.close();
  }
}
