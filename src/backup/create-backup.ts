import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { TidemarkError } from '../errors.js';
import { TOOL_VERSION } from '../migrations/tool-version.js';
import { newBackupId } from './backup-id.js';
import type { BackupEngine, CaptureOptions } from './engine/backup-engine.js';
import type { BackupEvent } from './events.js';
import { FolderSink } from './folder-sink.js';
import { MANIFEST } from './layout.js';
import type { BackupTrigger, Manifest } from './manifest.js';
import { formatManifest } from './parse-manifest.js';
import { databaseFolder } from './part-name.js';
import { createFile, FOLDER_MODE, folderError, makeFolder, syncFolder } from './safe-files.js';
import { useBackup } from './use-mark.js';

export interface CreateOptions extends CaptureOptions {
  /** The folder that holds the backups of all databases. Absolute. */
  readonly root: string;
  readonly database: string;
  readonly trigger: { readonly kind: BackupTrigger; readonly migration: string | null };
  readonly tags: readonly string[];
  readonly pinned: boolean;
  /** About how many bytes it will have, for the time left; undefined where nobody can say. */
  readonly expectedBytes?: number | undefined;
  /** Undefined: not encrypted. */
  readonly encryption:
    | { readonly recipients: readonly string[]; encrypt(plain: Readable): Readable }
    | undefined;
}

/** A backup that was made and is complete. */
export interface CreatedBackup {
  readonly manifest: Manifest;
  /** Its folder. */
  readonly path: string;
}

/**
 * Makes a backup in a folder. Everything is written into a hidden folder, its manifest last; then all of it is brought
 * to the disk, and the folder gets its name in one step. Whatever ends it before that leaves no backup: what failed is
 * removed, what was killed is listed as incomplete and swept later.
 */
export async function createBackup(engine: BackupEngine, options: CreateOptions): Promise<CreatedBackup> {
  const { root, database, encryption, signal, onEvent } = options;
  signal?.throwIfAborted();
  const startedAt = new Date();
  const id = newBackupId(startedAt);
  const parent = join(root, databaseFolder(database));
  const partial = join(parent, `.partial-${id}`);
  await makeFolder(root);
  await makeFolder(parent);
  const use = await useBackup(parent, id);
  try {
    await mkdir(partial, { mode: FOLDER_MODE }).catch((error: unknown) => {
      throw folderError(partial, error);
    });
    const progress = new CaptureProgress(options);
    const onProgress = (part: string, bytes: number) => progress.written(part, bytes);
    const sink = new FolderSink(partial, { encrypt: encryption?.encrypt, signal, onProgress });
    const capture = await engine.capture(sink, { ...options, onEvent: (event) => progress.pass(event) });
    if (sink.parts.length === 0 || sink.parts.some(({ plainBytes }) => plainBytes === 0)) {
      throw new TidemarkError('dump-failed', 'the dump is empty', {
        hints: ['Nothing was kept. This should not happen: please report it.'],
      });
    }
    await removeStrays(partial, new Set(sink.parts.map(({ name }) => name)));
    const manifest: Manifest = {
      format: 'tidemark-backup',
      version: 1,
      id,
      database,
      createdAt: capture.createdAt.toISOString(),
      startedAt: startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      tool: { name: 'tidemark', version: TOOL_VERSION, node: process.versions.node },
      engine: capture.engine,
      trigger: options.trigger,
      migrations: capture.migrations,
      capture: capture.capture,
      parts: sink.parts,
      tables: capture.tables,
      totals: {
        bytes: sink.parts.reduce((sum, part) => sum + part.bytes, 0),
        tables: capture.tables.length,
        rows: capture.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0),
      },
      globals: capture.globals,
      encryption: encryption ? { scheme: 'age', recipients: encryption.recipients } : null,
      tags: options.tags,
      pinned: options.pinned,
    };
    onEvent?.({ type: 'phase', phase: 'committing' });
    await writeManifest(partial, manifest);
    await syncFolder(partial);
    signal?.throwIfAborted();
    const path = join(parent, id);
    await rename(partial, path).catch((error: unknown) => {
      throw folderError(path, error);
    });
    await syncFolder(parent);
    return { manifest, path };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  } finally {
    await use.release();
  }
}

/** Tells the bytes that reach the sink as part of whatever step the engine is at. */
class CaptureProgress {
  readonly #options: Pick<CreateOptions, 'onEvent' | 'expectedBytes'>;
  readonly #written = new Map<string, number>();
  #phase = 'dumping';

  constructor(options: Pick<CreateOptions, 'onEvent' | 'expectedBytes'>) {
    this.#options = options;
  }

  pass(event: BackupEvent): void {
    if (event.type === 'phase') this.#phase = event.phase;
    this.#options.onEvent?.(event);
  }

  written(item: string, bytes: number): void {
    this.#written.set(item, bytes);
    this.#options.onEvent?.({
      type: 'progress',
      phase: this.#phase,
      bytes: [...this.#written.values()].reduce((sum, part) => sum + part, 0),
      totalBytes: this.#options.expectedBytes,
      rows: undefined,
      item,
    });
  }
}

/** What an engine left lying beside the parts is none of the backup. */
async function removeStrays(folder: string, parts: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!parts.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  try {
    const temporary = join(folder, '.manifest');
    const file = await createFile(temporary);
    try {
      await file.writeFile(formatManifest(manifest));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, MANIFEST));
  } catch (error) {
    throw folderError(folder, error);
  }
}
