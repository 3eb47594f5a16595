/** What a backup says of itself. Written last: a folder without one is no backup. Never holds a secret or a host. */
export interface Manifest {
  readonly format: 'tidemark-backup';
  readonly version: 1;
  readonly id: string;
  /** The database's own name; the folder's is made of it. */
  readonly database: string;
  /** When the state was taken that it holds. ISO 8601, UTC, as all times here. */
  readonly createdAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly tool: { readonly name: 'tidemark'; readonly version: string; readonly node: string };
  readonly engine: ManifestEngine;
  readonly trigger: { readonly kind: BackupTrigger; readonly migration: string | null };
  /** Null: the database has no history of ours. */
  readonly migrations: ManifestMigrations | null;
  readonly capture: ManifestCapture;
  readonly parts: readonly ManifestPart[];
  readonly tables: readonly ManifestTable[];
  readonly totals: { readonly bytes: number; readonly tables: number; readonly rows: number };
  readonly globals: ManifestGlobals | null;
  /** Null: not encrypted. Recipients are public keys. */
  readonly encryption: { readonly scheme: 'age'; readonly recipients: readonly string[] } | null;
  readonly tags: readonly string[];
  /** Set when it was made; pinning later is kept beside the backup, which never changes. */
  readonly pinned: boolean;
}

export const BACKUP_TRIGGERS = ['manual', 'schedule', 'pre-migration', 'pre-restore', 'detect'] as const;
export type BackupTrigger = (typeof BACKUP_TRIGGERS)[number];

export const BACKUP_ENGINES = ['postgres', 'embedded', 'sqlite'] as const;
export type BackupEngineKind = (typeof BACKUP_ENGINES)[number];

export interface ManifestEngine {
  readonly kind: BackupEngineKind;
  /** `15.4`, `3.53.2` */
  readonly version: string;
  /** What wrote the parts: `pg_dump 15.4`. */
  readonly writer: string;
  /** Of the cluster; null where there is none. A backup from elsewhere is told by it. */
  readonly systemId: string | null;
  readonly encoding: string | null;
  readonly collate: string | null;
  readonly ctype: string | null;
  /** SQLite: page_size, user_version, application_id. PostgreSQL: localeProvider, locale, icuRules, where not the system's. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface ManifestMigrations {
  readonly heads: readonly string[];
  readonly applied: readonly { readonly revision: string; readonly checksum: string }[];
}

export interface ManifestCapture {
  /** `pg_dump directory`, `pg_dump custom`, `data folder and SQL`, `online backup` */
  readonly method: string;
  /** `gzip`, `none` */
  readonly compression: string;
  readonly jobs: number;
  /** Patterns whose tables came without their rows. */
  readonly excludedData: readonly string[];
}

export interface ManifestPart {
  readonly name: string;
  /** What it is for: `dump`, `roles`, `data-folder`, `sql`, `database`. */
  readonly role: string;
  /** As it is kept, encrypted or not. */
  readonly bytes: number;
  readonly sha256: string;
  /** Before encryption; the same without. */
  readonly plainBytes: number;
  readonly plainSha256: string;
}

export interface ManifestTable {
  /** Empty on SQLite. */
  readonly schema: string;
  readonly name: string;
  /** Counted in the snapshot that was dumped; null where its rows are left out. */
  readonly rows: number | null;
}

export interface ManifestGlobals {
  readonly roles: readonly string[];
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  readonly tablespaces: readonly string[];
  /** Last values: what a restored sequence goes on from. */
  readonly sequences: readonly { readonly schema: string; readonly name: string; readonly value: string }[];
  /** What `ALTER DATABASE` set: owner, settings, grants, comment, as statements with the name left open. */
  readonly properties: readonly string[];
}
