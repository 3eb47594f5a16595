import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { TidemarkError } from '../errors.js';
import { safeUrl } from './database-url.js';
import { EmbeddedConnection } from './embedded-connection.js';
import { startEngine } from './embedded-engine.js';
import { folderState, isLock, LOCK, UNFINISHED } from './embedded-folder.js';
import { startInMemory, templateTar } from './embedded-template.js';
import { acquireLock, type LockHolder } from './process-lock.js';
import { readTar } from './tar.js';

/**
 * Opens the embedded PostgreSQL: a folder, made (for its owner alone) and filled when it is not there, or
 * memory without a path. A folder is held by one process at a time.
 * @throws TidemarkError `database-locked` (exit code 4) naming the process that has it open,
 * `not-a-database` when the folder holds something else, `cannot-connect` when the engine does not start
 */
export async function openEmbedded(options: {
  readonly path?: string | undefined;
  /** What messages call it. Default: its address. */
  readonly label?: string | undefined;
}): Promise<EmbeddedConnection> {
  const { path } = options;
  const label = options.label ?? safeUrl({ engine: 'postgres', adapter: 'embedded', path });
  if (path === undefined) {
    const engine = await startInMemory();
    return new EmbeddedConnection(engine, label, () => engine.close());
  }
  const release = lockFolder(path);
  try {
    await prepareFolder(path);
    const engine = await startInFolder(path);
    return new EmbeddedConnection(engine, label, () => engine.close().finally(release));
  } catch (error) {
    release();
    throw error;
  }
}

function lockFolder(path: string): () => void {
  let attempt: ReturnType<typeof acquireLock>;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    attempt = acquireLock(join(path, LOCK));
  } catch (cause) {
    throw new TidemarkError('cannot-connect', `cannot use the folder ${path}: ${(cause as Error).message}`, {
      hints: ['Choose a folder that you may write, or correct its permissions.'],
      cause,
    });
  }
  if ('heldBy' in attempt) throw folderLocked(path, attempt.heldBy);
  return attempt.release;
}

function folderLocked(path: string, holder: LockHolder): TidemarkError {
  const who = holder.pid === process.pid ? `this process (${holder.pid})` : `process ${holder.pid}`;
  return new TidemarkError('database-locked', `${path} is open in ${who} on ${holder.host}`, {
    exitCode: 4,
    hints: [
      'The embedded database serves one process at a time: wait until it ends, or end it.',
      `If that was another machine or container that is no more, delete ${join(path, LOCK)}.`,
    ],
    details: { pid: holder.pid, host: holder.host },
  });
}

async function prepareFolder(path: string): Promise<void> {
  const state = folderState(path);
  if (state === 'database') return;
  if (state === 'other') {
    throw new TidemarkError('not-a-database', `${path} is not empty and holds no database`, {
      exitCode: 2,
      hints: ['Name a folder that is empty or not there yet.'],
    });
  }
  const unfinished = join(path, UNFINISHED);
  for (const name of readdirSync(path))
    if (name !== UNFINISHED && !isLock(name)) rmSync(join(path, name), { recursive: true });
  chmodSync(path, 0o700);
  writeFileSync(unfinished, '');
  fillFolder(path, await templateTar());
  rmSync(unfinished);
}

/** Unpacks a template. PG_VERSION comes last: it is what makes a folder a database, for PGlite too. */
function fillFolder(path: string, tar: Buffer): void {
  let version: Buffer | undefined;
  for (const { name, folder, data } of readTar(tar)) {
    const target = join(path, name);
    if (name === 'PG_VERSION') version = data;
    else if (folder) mkdirSync(target, { recursive: true, mode: 0o700 });
    else {
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      writeFileSync(target, data, { mode: 0o600 });
    }
  }
  if (!version) throw new Error('the template has no PG_VERSION');
  writeFileSync(join(path, 'PG_VERSION'), version, { mode: 0o600 });
}

async function startInFolder(path: string): Promise<PGlite> {
  try {
    return await startEngine({ folder: path });
  } catch (cause) {
    throw new TidemarkError(
      'cannot-connect',
      `the embedded database in ${path} does not start: ${(cause as Error).message}`,
      {
        hints: [
          'Its files may be damaged, or made by another version of the engine.',
          `Restore ${basename(path)} from a backup, or move it away to begin with an empty database.`,
        ],
        cause,
      },
    );
  }
}
