import type { Readable } from 'node:stream';
import type { Manifest } from './manifest.js';

/** A backup that can be read, wherever it lies. */
export interface OpenBackup {
  readonly manifest: Manifest;
  /** For people: `./backups/app/2026…` or `s3 "offsite", app/2026…`. */
  readonly label: string;
  /**
   * A part's plain bytes. The stream fails with TidemarkError (`backup-damaged`) at its end when they are not the
   * ones that the manifest names, and with `backup-key-missing` when it is encrypted and no identity opens it.
   */
  read(part: string, signal?: AbortSignal): Promise<Readable>;
  /**
   * The plain parts as files of a folder, each under its name, checked; in place where they lie there unencrypted
   * already. `release` removes what was made for it.
   */
  files(
    parts: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly folder: string; release(): Promise<void> }>;
}
