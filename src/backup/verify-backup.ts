import { pipeline } from 'node:stream/promises';
import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { isAborted, requireNotAborted } from '../migrations/abort.js';
import type { StoredBackup, Verified } from './catalog.js';
import { compareRestored } from './compare-restored.js';
import type { BackupEngine } from './engine/backup-engine.js';
import type { BackupRun } from './events.js';
import { HashStream } from './hash-stream.js';
import { partKey } from './layout.js';
import type { OpenBackup } from './open-backup.js';
import { drain } from './safe-files.js';
import type { BackupStore } from './store/backup-store.js';

/**
 * How far a backup is proven:
 * 0 every part is there with its size; 1 every byte has the hash that was taken when it was written; 2 the engine's own
 * reader goes through all of it; 3 it restores, and what comes out has the tables, rows, extensions and migrations that
 * the manifest names; 4 the user's own assertions hold in what comes out.
 */
export type VerifyLevel = Verified['level'];

/** Statements of one file, each of which must give no row. */
export interface Assertions {
  /** For messages. */
  readonly file: string;
  readonly statements: readonly { readonly sql: string; readonly line: number }[];
}

export interface VerifyOptions extends BackupRun {
  readonly level: VerifyLevel;
  /** Used at level 4. */
  readonly assertions: readonly Assertions[];
}

/** Where a backup lies that is verified. */
export interface VerifiedPlace {
  readonly store: BackupStore;
  /** The database's folder in it. */
  readonly folder: string;
  /** As the catalog found it. */
  readonly stored: StoredBackup;
}

export interface VerifyResult {
  /** The level asked for. */
  readonly level: VerifyLevel;
  readonly ok: boolean;
  /** The highest level that it passed; null: not even the first. */
  readonly passed: VerifyLevel | null;
  /** What is wrong, as sentences without a full stop. */
  readonly problems: readonly string[];
  /** True: its bytes are not those that were written. It can be trusted no more. */
  readonly damaged: boolean;
  readonly durationMs: number;
  /** How long it took until the restored database could be used; null below level 3. */
  readonly restoreMs: number | null;
  /** Rows counted in what was restored; null below level 3. */
  readonly rows: number | null;
}

/**
 * Proves a backup up to a level, and stops at the first level that fails. What is wrong with the backup is in the
 * result; thrown is what kept it from being tried: `backup-key-missing`, `client-missing`, `store-failed`, `aborted`.
 */
export async function verifyBackup(
  engine: BackupEngine,
  backup: OpenBackup,
  place: VerifiedPlace,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const started = performance.now();
  const { level } = options;
  let passed: VerifyLevel | null = null;
  let restored: Restored | undefined;
  const result = (problems: readonly string[], damaged = false): VerifyResult => ({
    level,
    ok: problems.length === 0 && passed === level,
    passed,
    problems,
    damaged,
    durationMs: Math.round(performance.now() - started),
    restoreMs: restored?.restoreMs ?? null,
    rows: restored?.rows ?? null,
  });
  requireNotAborted(options.signal);
  if (place.stored.problem !== undefined) return result([place.stored.problem], true);
  passed = 0;
  if (level === 0) return result([]);
  const wrong = await hashParts(backup, place, options);
  if (wrong.length > 0) return result(wrong, true);
  passed = 1;
  if (level === 1) return result([]);
  try {
    await engine.checkStructure(backup, options);
  } catch (error) {
    return result([damageOf(error)], true);
  }
  passed = 2;
  if (level === 2) return result([]);
  try {
    restored = await rehearse(engine, backup, options);
  } catch (error) {
    return result([damageOf(error)]);
  }
  if (restored.differences.length > 0) return result(restored.differences);
  passed = 3;
  if (restored.broken.length > 0) return result(restored.broken);
  if (level === 4) passed = 4;
  return result([]);
}

/** What restoring it for proof found. */
interface Restored {
  readonly restoreMs: number;
  readonly rows: number;
  /** To the manifest. */
  readonly differences: readonly string[];
  /** Assertions that do not hold. */
  readonly broken: readonly string[];
}

async function rehearse(engine: BackupEngine, backup: OpenBackup, options: VerifyOptions): Promise<Restored> {
  const began = performance.now();
  return engine.rehearse(backup, options, async (restored) => {
    const restoreMs = Math.round(performance.now() - began);
    options.onEvent?.({ type: 'phase', phase: 'comparing with the manifest' });
    const tables = await engine.countTables(restored);
    const differences = await compareRestored(backup.manifest, restored, tables);
    const asked = options.level === 4 && differences.length === 0 ? options.assertions : [];
    return {
      restoreMs,
      rows: tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
      differences,
      broken: await brokenAssertions(restored, asked, options),
    };
  });
}

/** Reads every part as it is kept; no key is needed for that. */
async function hashParts(
  { manifest }: OpenBackup,
  { store, folder }: VerifiedPlace,
  { signal, onEvent }: BackupRun,
): Promise<string[]> {
  const phase = `reading ${store.name}`;
  onEvent?.({ type: 'phase', phase });
  const wrong: string[] = [];
  let before = 0;
  for (const { name, bytes, sha256 } of manifest.parts) {
    requireNotAborted(signal);
    const hash = new HashStream((read) =>
      onEvent?.({
        type: 'progress',
        phase,
        bytes: before + read,
        totalBytes: manifest.totals.bytes,
        rows: undefined,
        item: name,
      }),
    );
    try {
      await pipeline(await store.get(partKey(folder, manifest.id, name), signal), hash, drain, { signal });
    } catch (error) {
      requireNotAborted(signal);
      if (!(error instanceof TidemarkError) || error.code !== 'object-missing') throw error;
      wrong.push(`its part ${name} is missing`);
      continue;
    }
    if (hash.bytes !== bytes || hash.sha256 !== sha256)
      wrong.push(`its part ${name} is not the one that was written`);
    before += bytes;
  }
  return wrong;
}

async function brokenAssertions(
  restored: Connection,
  files: readonly Assertions[],
  { signal, onEvent }: BackupRun,
): Promise<string[]> {
  const broken: string[] = [];
  for (const { file, statements } of files) {
    onEvent?.({ type: 'phase', phase: `asserting ${file}` });
    for (const { sql, line } of statements) {
      requireNotAborted(signal);
      try {
        // Rows may be anybody's data: how many there are is said, not what is in them.
        const rows = await restored.query(sql);
        if (rows.length > 0)
          broken.push(
            `${file}:${line}: the assertion gives ${rows.length} row${rows.length === 1 ? '' : 's'}`,
          );
      } catch (error) {
        broken.push(`${file}:${line}: the assertion fails: ${(error as Error).message}`);
      }
    }
  }
  return broken;
}

/** What an error says of the backup; throws it on when it says nothing of it. */
function damageOf(error: unknown): string {
  if (!(error instanceof TidemarkError) || isAborted(error)) throw error;
  if (error.code === 'rehearsal-impossible') return error.message;
  if (error.code !== 'backup-damaged') throw error;
  const reason = error.cause instanceof Error ? error.cause.message : '';
  const [, extension] =
    /extension "([^"]+)" is not available|extension control file "[^"]*?([^/"]+)\.control"/.exec(reason) ??
    [];
  if (extension !== undefined)
    return `the server that it is tried on has no extension "${extension}": install it there, or verify where it is`;
  return reason === '' ? error.message : `${error.message}: ${reason}`;
}
