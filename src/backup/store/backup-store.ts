import type { Readable } from 'node:stream';

/** An object as a listing shows it. */
export interface StoredObject {
  /** Below the store's own root: `app/20261120T143000123Z-4fz9ka/manifest.json`. */
  readonly key: string;
  readonly bytes: number;
}

export interface PutOptions {
  /** Of the whole object; known before, because parts are written to disk first. */
  readonly bytes: number;
  readonly sha256: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes sent so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * A place that backups are kept in: a folder, a bucket. Keys are made of letters, digits, `.`, `_`, `-` and `/` alone.
 * Every method throws TidemarkError with the destination's name in it and without any secret: `store-failed` (it may
 * work later), `store-refused` (credentials, rights, a limit: it will not).
 */
export interface BackupStore {
  /** As the configuration calls it; `local` for the folder. */
  readonly name: string;
  readonly kind: 'folder' | 's3' | 'supabase';
  /** For people: where it is. */
  readonly label: string;
  /** Everything whose key begins so, in no order. The whole of it, or an error: half a listing would prune wrongly. */
  list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]>;
  /**
   * Writes an object. Throws `object-exists` when the key is taken: nothing is ever overwritten. `open` may be called
   * again for another try.
   */
  put(key: string, open: () => Readable, options: PutOptions): Promise<void>;
  /** Throws `object-missing`. A stream that ends early fails. */
  get(key: string, signal?: AbortSignal): Promise<Readable>;
  /** An object that is not there is no error. */
  remove(key: string, signal?: AbortSignal): Promise<void>;
  /** The path behind a key, where objects are files of this machine. */
  pathOf?(key: string): string;
  /** Removes what uploads older than `before` left behind, and tells what it was. */
  sweep(before: Date, signal?: AbortSignal): Promise<readonly string[]>;
}
