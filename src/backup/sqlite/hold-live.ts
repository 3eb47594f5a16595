import { existsSync } from 'node:fs';
import { DatabaseError } from '../../database/connection.js';
import { connectSqlite, type SqliteConnection } from '../../database/sqlite-connection.js';
import { toSqliteError } from '../../database/sqlite-error.js';
import { TidemarkError } from '../../errors.js';
import { migrationEngine } from '../../migrations/engine.js';
import { databaseFiles, isBusy } from '../../migrations/sqlite-lock.js';
import { describeHolder, holderOfFiles } from '../../migrations/sqlite-lock-holder.js';
import { filesBeside } from '../../sqlite/check-database.js';
import { readPragma } from './read-facts.js';
import { databaseLocked, isOpenHere, sqliteUrlOf } from './sqlite-backup.js';

export interface HeldDatabase {
  /** In which it was before: it is in rollback mode while it is held. Undefined: it was not there, or is damaged. */
  readonly journalMode: string | undefined;
  /** Why it could not be held and need not be: it is no database that anybody could work with. */
  readonly damage: string | undefined;
  release(): Promise<void>;
}

/**
 * Takes a database so that nobody else reads or writes it, with all that is in its write-ahead log in its file and no
 * file beside it. In rollback mode a session that has it open and does nothing holds no lock: who has it open is asked
 * of the system too, where that tells (Linux). `beforeHold` is called with the journal mode before that is changed.
 * Throws TidemarkError (`locked`, exit code 4).
 */
export async function holdLive(
  path: string,
  lockTimeoutMs: number,
  signal: AbortSignal | undefined,
  beforeHold: (journalMode: string) => Promise<void>,
): Promise<HeldDatabase> {
  const unheld = (damage: string | undefined): HeldDatabase => ({
    journalMode: undefined,
    damage,
    release: async () => {},
  });
  if (!existsSync(path)) return unheld(undefined);
  await requireClosed(path);
  let session: SqliteConnection;
  try {
    filesBeside(path);
    session = await connectSqlite(sqliteUrlOf(path));
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw error;
    return unheld(damage);
  }
  const undo: (() => Promise<unknown>)[] = [() => session.close()];
  const release = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const engine = await migrationEngine(session);
    undo.push(await engine.lock(lockTimeoutMs, () => {}, signal));
    const journalMode = await readPragma(session, 'journal_mode');
    await beforeHold(journalMode);
    await session.executeAll([`PRAGMA busy_timeout = ${Math.min(lockTimeoutMs, 5000)}`]);
    if (journalMode === 'wal') {
      const [row] = await session.query<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
      if (row?.busy !== 0) throw databaseLocked(path, CLOSE);
      // Refused while any other session is open.
      await session.query('PRAGMA journal_mode = DELETE');
    }
    await session.executeAll(['BEGIN EXCLUSIVE']);
    undo.push(() => session.executeAll(['ROLLBACK']));
    return { journalMode, damage: undefined, release };
  } catch (error) {
    await release();
    const damage = damageOf(error);
    if (damage !== undefined) return unheld(damage);
    throw isBusy(error) ? databaseLocked(path, CLOSE) : error;
  }
}

const CLOSE = ['Stop the application: what it wrote after the restore would go into the old file.'];

/** Throws `locked` when a process, this one too, has the database open. */
async function requireClosed(path: string): Promise<void> {
  const holder = await holderOfFiles(databaseFiles(path));
  if (holder === undefined && !isOpenHere(path)) return;
  const who = holder === undefined ? 'this process' : describeHolder(holder);
  throw new TidemarkError('locked', `${who} has ${path} open`, {
    exitCode: 4,
    hints: [
      holder === undefined
        ? 'Close your sessions with it first: they would go on with the old file.'
        : 'Stop it first: it would go on with the old file, and what it writes would not be in the restored one.',
    ],
    details: { file: path, holder: holder ?? null },
  });
}

/** What is wrong with a file that no session can work with; undefined for every other error. */
function damageOf(error: unknown): string | undefined {
  if (error instanceof TidemarkError && error.code === 'stray-wal') return error.message;
  const cause = error instanceof TidemarkError ? error.cause : error;
  if (cause === undefined) return undefined;
  const { sqlstate, message } =
    cause instanceof DatabaseError
      ? cause
      : toSqliteError(cause, { statement: 0, sql: '', compile: () => {} });
  return /^SQLITE_(CORRUPT|NOTADB|FORMAT|SCHEMA)/.test(sqlstate) ? message : undefined;
}
