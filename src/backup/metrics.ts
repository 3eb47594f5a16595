import { randomBytes } from 'node:crypto';
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { folderError } from './safe-files.js';

/** The numbers of a database's backups. Times in milliseconds since 1970; undefined: there is none to give. */
export interface BackupNumbers {
  readonly database: string;
  readonly lastSuccess: number | undefined;
  readonly lastFailure: number | undefined;
  /** Failed attempts since the last good one. */
  readonly failures: number;
  readonly lastProven: number | undefined;
  readonly bytes: number | undefined;
  readonly rows: number | undefined;
  readonly durationMs: number | undefined;
  /** Complete backups by place. */
  readonly complete: Readonly<Record<string, number>>;
}

/**
 * The numbers in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/), ready for a
 * file or a `/metrics` page. Ages are left to Prometheus, so that a file that nobody writes any more ages too.
 */
export function renderMetrics(numbers: BackupNumbers): string {
  const database = `database="${label(numbers.database)}"`;
  const one = (name: string, help: string, value: number | undefined): string[] =>
    value === undefined ? [] : metric(name, help, [`${name}{${database}} ${value}`]);
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
  const complete = Object.entries(numbers.complete).map(
    ([place, count]) => `tidemark_backup_complete{${database},place="${label(place)}"} ${count}`,
  );
  return [
    ...one(
      'tidemark_backup_last_success_timestamp_seconds',
      'When the newest complete backup was made.',
      seconds(numbers.lastSuccess),
    ),
    ...one(
      'tidemark_backup_last_failure_timestamp_seconds',
      'When a backup last failed.',
      seconds(numbers.lastFailure),
    ),
    ...one('tidemark_backup_failures', 'Failed attempts since the last good backup.', numbers.failures),
    ...one(
      'tidemark_backup_last_proven_timestamp_seconds',
      'When a backup was last restored for proof.',
      seconds(numbers.lastProven),
    ),
    ...one('tidemark_backup_size_bytes', 'Size of the newest backup.', numbers.bytes),
    ...one('tidemark_backup_rows', 'Rows in the newest backup.', numbers.rows),
    ...one(
      'tidemark_backup_duration_seconds',
      'How long the newest backup took.',
      seconds(numbers.durationMs),
    ),
    ...metric('tidemark_backup_complete', 'Complete backups by place.', complete),
    '',
  ].join('\n');
}

/** Puts the numbers into a file in one step; readable for all, for they hold no data. Throws `backup-folder`. */
export async function writeMetrics(file: string, numbers: BackupNumbers): Promise<void> {
  // The collector reads *.prom alone: a half-written file must not be called so.
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, renderMetrics(numbers), { flag: 'wx' });
    await chmod(temporary, 0o644);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw folderError(file, error);
  }
}

function metric(name: string, help: string, samples: readonly string[]): string[] {
  return samples.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples];
}

function label(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
