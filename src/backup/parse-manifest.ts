import { TidemarkError } from '../errors.js';
import { isBackupId } from './backup-id.js';
import { BACKUP_ENGINES, BACKUP_TRIGGERS, type Manifest } from './manifest.js';
import { requirePartName } from './part-name.js';

/** A backup of ten thousand tables has a manifest of about two megabytes. */
export const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

/** The manifest as text: the same manifest gives the same bytes. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 1)}\n`;
}

/**
 * Reads a manifest as something that anybody may have changed: only what a manifest can say is taken, names cannot
 * lead out of the backup's folder, sizes are sizes. Throws TidemarkError: `manifest-invalid` with what is wrong,
 * `manifest-newer` for a format of a later Tidemark.
 *
 * @param where what messages call it
 */
export function parseManifest(text: string, where: string): Manifest {
  if (text.length > MAX_MANIFEST_BYTES) throw invalid(where, 'it is larger than a manifest can be');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(where, `it is not JSON (${(error as Error).message})`);
  }
  const top = new Reader(where, value, '');
  if (top.text('format') !== 'tidemark-backup') throw invalid(where, 'it is no manifest of a backup');
  const version = top.count('version');
  if (version !== 1) {
    throw new TidemarkError(
      'manifest-newer',
      `${where} has format ${version}; this Tidemark reads format 1`,
      {
        hints: ['Use the Tidemark that made the backup, or a later one.'],
      },
    );
  }
  const id = top.text('id');
  if (!isBackupId(id)) throw invalid(where, `"id" is no backup's id`);
  const tool = top.object('tool');
  const engine = top.object('engine');
  const trigger = top.object('trigger');
  const migrations = top.optional('migrations');
  const capture = top.object('capture');
  const totals = top.object('totals');
  const globals = top.optional('globals');
  const encryption = top.optional('encryption');
  const parts = top.list('parts').map((part) => {
    const name = part.text('name');
    requirePartName(name);
    return {
      name,
      role: part.text('role'),
      bytes: part.count('bytes'),
      sha256: part.hash('sha256'),
      plainBytes: part.count('plainBytes'),
      plainSha256: part.hash('plainSha256'),
    };
  });
  const names = new Set(parts.map((part) => part.name.toLowerCase()));
  if (names.size < parts.length) throw invalid(where, 'two parts have one name');
  if (parts.length === 0) throw invalid(where, 'it has no parts');
  return {
    format: 'tidemark-backup',
    version: 1,
    id,
    database: top.text('database'),
    createdAt: top.time('createdAt'),
    startedAt: top.time('startedAt'),
    finishedAt: top.time('finishedAt'),
    tool: { name: 'tidemark', version: tool.text('version'), node: tool.text('node') },
    engine: {
      kind: engine.oneOf('kind', BACKUP_ENGINES),
      version: engine.text('version'),
      writer: engine.text('writer'),
      systemId: engine.textOrNull('systemId'),
      encoding: engine.textOrNull('encoding'),
      collate: engine.textOrNull('collate'),
      ctype: engine.textOrNull('ctype'),
      settings: engine.object('settings').texts(),
    },
    trigger: { kind: trigger.oneOf('kind', BACKUP_TRIGGERS), migration: trigger.textOrNull('migration') },
    migrations: migrations && {
      heads: migrations.textList('heads'),
      applied: migrations
        .list('applied')
        .map((row) => ({ revision: row.text('revision'), checksum: row.text('checksum') })),
    },
    capture: {
      method: capture.text('method'),
      compression: capture.text('compression'),
      jobs: capture.count('jobs'),
      excludedData: capture.textList('excludedData'),
    },
    parts,
    tables: top.list('tables').map((table) => ({
      schema: table.text('schema'),
      name: table.text('name'),
      rows: table.countOrNull('rows'),
    })),
    totals: { bytes: totals.count('bytes'), tables: totals.count('tables'), rows: totals.count('rows') },
    globals: globals && {
      roles: globals.textList('roles'),
      extensions: globals
        .list('extensions')
        .map((row) => ({ name: row.text('name'), version: row.text('version') })),
      tablespaces: globals.textList('tablespaces'),
      sequences: globals
        .list('sequences')
        .map((row) => ({ schema: row.text('schema'), name: row.text('name'), value: row.text('value') })),
      properties: globals.textList('properties'),
    },
    encryption: encryption && {
      scheme: encryption.oneOf('scheme', ['age'] as const),
      recipients: encryption.textList('recipients'),
    },
    tags: top.textList('tags'),
    pinned: top.flag('pinned'),
  };
}

/** Reads the fields of one object of foreign JSON, by its own keys alone. */
class Reader {
  readonly #where: string;
  readonly #path: string;
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(where: string, value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalid(where, `${path === '' ? 'it' : `"${path}"`} is not an object`);
    }
    this.#where = where;
    this.#path = path;
    this.#fields = new Map(Object.entries(value));
  }

  text(key: string): string {
    const value = this.#fields.get(key);
    // A NUL ends a path or a name in whatever is handed the text next.
    if (typeof value !== 'string' || value.includes('\0')) throw this.#wrong(key, 'a text');
    return value;
  }

  textOrNull(key: string): string | null {
    return this.#fields.get(key) === null ? null : this.text(key);
  }

  count(key: string): number {
    const value = this.#fields.get(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw this.#wrong(key, 'a count');
    return value;
  }

  countOrNull(key: string): number | null {
    return this.#fields.get(key) === null ? null : this.count(key);
  }

  flag(key: string): boolean {
    const value = this.#fields.get(key);
    if (typeof value !== 'boolean') throw this.#wrong(key, 'true or false');
    return value;
  }

  hash(key: string): string {
    const value = this.text(key);
    if (!/^[0-9a-f]{64}$/.test(value)) throw this.#wrong(key, 'a SHA-256');
    return value;
  }

  time(key: string): string {
    const value = this.text(key);
    const time = new Date(value);
    if (Number.isNaN(time.getTime()) || time.toISOString() !== value) throw this.#wrong(key, 'a time in UTC');
    return value;
  }

  oneOf<const T extends string>(key: string, choices: readonly T[]): T {
    const value = this.text(key);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.#wrong(key, `one of ${choices.join(', ')}`);
    return found;
  }

  object(key: string): Reader {
    return new Reader(this.#where, this.#fields.get(key), this.#at(key));
  }

  optional(key: string): Reader | null {
    return this.#fields.get(key) === null ? null : this.object(key);
  }

  list(key: string): Reader[] {
    return this.#array(key).map((entry, at) => new Reader(this.#where, entry, `${this.#at(key)}[${at}]`));
  }

  textList(key: string): string[] {
    return this.#array(key).map((entry) => {
      if (typeof entry !== 'string' || entry.includes('\0')) throw this.#wrong(key, 'a list of texts');
      return entry;
    });
  }

  texts(): Record<string, string> {
    return Object.fromEntries([...this.#fields.keys()].map((key) => [key, this.text(key)]));
  }

  #array(key: string): readonly unknown[] {
    const value = this.#fields.get(key);
    if (!Array.isArray(value)) throw this.#wrong(key, 'a list');
    return value;
  }

  #at(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  #wrong(key: string, expected: string): TidemarkError {
    return invalid(this.#where, `"${this.#at(key)}" is not ${expected}`);
  }
}

function invalid(where: string, what: string): TidemarkError {
  return new TidemarkError('manifest-invalid', `${where} cannot be trusted: ${what}`, {
    hints: ['It was damaged or changed. Restore from another backup; "tidemark backup list" shows them.'],
  });
}
