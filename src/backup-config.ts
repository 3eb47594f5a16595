/** Which backups stay; every rule keeps what it names, and what is left out is the default. */
export interface RetentionConfig {
  /** Everything younger than so many days; `off`: age keeps nothing. Default 30. */
  readonly keepDays?: number | 'off' | undefined;
  /** However old: at least so many complete backups. Default 5. */
  readonly minKeep?: number | undefined;
  readonly keepLast?: number | undefined;
  /** The newest of each of the last so many hours, days, ISO weeks, months or years that have any. */
  readonly keepHourly?: number | undefined;
  readonly keepDaily?: number | undefined;
  readonly keepWeekly?: number | undefined;
  readonly keepMonthly?: number | undefined;
  readonly keepYearly?: number | undefined;
  /** Those made before a migration: so many days, and as long as that migration is the head. Default 7. */
  readonly preMigrationKeepDays?: number | undefined;
}

/** What an environment says of its backups, under `backup`. */
export interface BackupConfig {
  /** The folder that backups are made in. Default `backups`. Relative paths start at the configuration file. */
  readonly folder?: string | undefined;
  /** Where each backup is sent besides, by name. */
  readonly destinations?: Readonly<Record<string, DestinationConfig>> | undefined;
  /** Which backups stay in the folder; a destination may say otherwise for itself. Default: 30 days, at least 5. */
  readonly retention?: RetentionConfig | undefined;
  /** How often one is due: `24h`, `30m`, `1d`. Default `24h`. */
  readonly interval?: string | undefined;
  /** When one is due, as a cron expression in UTC, instead of `interval`: `0 3 * * *`. */
  readonly cron?: string | undefined;
  /** How often old ones are pruned: `1d`. Default `1d`. */
  readonly cleanupInterval?: string | undefined;
  /** How often the newest is restored for proof (level 3, or 4 with `assertions`): `7d`. `off` by default. */
  readonly verifyInterval?: string | undefined;
  /** How far each backup is proven when it is made, 0 to 4. Default 2. */
  readonly verify?: number | undefined;
  /** age recipients (`age1…`) that backups are encrypted to. */
  readonly encryptTo?: readonly string[] | undefined;
  /** The file with the age identity that opens them. Only where backups are verified or restored. */
  readonly identities?: string | undefined;
  /** `schema.table` patterns with `*`, whose tables come without their rows. */
  readonly excludeTableData?: readonly string[] | undefined;
  /** How many tables are dumped at once. Default: the number of processors, at most 4. */
  readonly jobs?: number | undefined;
  /** The folder of pg_dump and pg_restore. Default: looked for in the usual places and on PATH. */
  readonly clientFolder?: string | undefined;
  /** SQL files that a restored backup has to pass at level 4: every statement must give no row. */
  readonly assertions?: string | readonly string[] | undefined;
  /** Commands run without a shell, with the facts in TIDEMARK_BACKUP_* variables. A hook that fails is reported and stops nothing. */
  readonly hooks?: BackupHooks | undefined;
  /** An address that is asked for after each success (and, with `/start` and `/fail` after it, at those moments). */
  readonly ping?: string | undefined;
  /** A file (`….prom`) that the numbers are written to for Prometheus' textfile collector. */
  readonly metricsFile?: string | undefined;
}

export interface BackupHooks {
  readonly before?: readonly string[] | undefined;
  readonly after?: readonly string[] | undefined;
  readonly failed?: readonly string[] | undefined;
}

/** A place that backups are sent to. Keys and tokens come from the environment, never from the file. */
export type DestinationConfig = FolderDestination | S3Destination | SupabaseDestination;

interface AnyDestination {
  /** Default: as the environment's. */
  readonly retention?: RetentionConfig | undefined;
}

export interface FolderDestination extends AnyDestination {
  readonly type: 'folder';
  readonly path: string;
}

/** Amazon S3 and everything that speaks it. Credentials as the AWS SDK finds them, or from the variables named. */
export interface S3Destination extends AnyDestination {
  readonly type: 's3';
  readonly bucket: string;
  /** Below which everything is kept: `tidemark/production`. */
  readonly prefix?: string | undefined;
  readonly region?: string | undefined;
  /** For others than Amazon: `https://minio.example.com`. */
  readonly endpoint?: string | undefined;
  /** The bucket in the path and not in the host's name. Default: true with an `endpoint`. */
  readonly pathStyle?: boolean | undefined;
  /** Variables that hold the key. Default AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
  readonly accessKeyVariable?: string | undefined;
  readonly secretKeyVariable?: string | undefined;
  /** Bytes of a part of an upload; at least 5 MiB. Default 16 MiB, more where a file would have over 1,000. */
  readonly partSize?: number | undefined;
}

export interface SupabaseDestination extends AnyDestination {
  readonly type: 'supabase';
  /** The project's address: `https://abcd.supabase.co`. */
  readonly url: string;
  readonly bucket: string;
  readonly prefix?: string | undefined;
  /** The variable that holds the service key. Default SUPABASE_SERVICE_ROLE_KEY. */
  readonly keyVariable?: string | undefined;
}
