import type { Readable } from 'node:stream';
import type { ManifestPart } from './manifest.js';

/** Where an engine puts the parts of a backup that is being made. */
export interface PartSink {
  /** The folder of the backup, mode 0700. What is not a part when the engine is done is removed. */
  readonly folder: string;
  /** True: no byte may reach the disk other than through `write`. */
  readonly encrypted: boolean;
  /** Writes a part from a stream; hashed, and encrypted where that is asked for, on the way; synced to disk. */
  write(name: string, role: string, source: Readable): Promise<ManifestPart>;
  /**
   * Takes a file that another program wrote into `folder` as a part; hashed by reading it, synced. Throws
   * `part-not-encrypted` when the backup is to be encrypted.
   */
  adopt(file: string, role: string): Promise<ManifestPart>;
  /** In the order in which they came. */
  readonly parts: readonly ManifestPart[];
}
