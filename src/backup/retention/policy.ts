import type { RetentionConfig } from '../../backup-config.js';
import { TidemarkError } from '../../errors.js';

/** Which backups stay. Each rule keeps what it names; a backup goes only when none does. */
export interface RetentionPolicy {
  /** Everything younger than so many days; `off`: age keeps nothing. */
  readonly keepDays: number | 'off';
  /** However old: at least so many complete backups. */
  readonly minKeep: number;
  readonly keepLast: number;
  /** The newest of each of the last so many hours, days, ISO weeks, months or years that have any. */
  readonly keepHourly: number;
  readonly keepDaily: number;
  readonly keepWeekly: number;
  readonly keepMonthly: number;
  readonly keepYearly: number;
  /** Those made before a migration: so many days, and as long as that migration is the head. */
  readonly preMigrationKeepDays: number;
}

export const DEFAULT_RETENTION: RetentionPolicy = {
  keepDays: 30,
  minKeep: 5,
  keepLast: 0,
  keepHourly: 0,
  keepDaily: 0,
  keepWeekly: 0,
  keepMonthly: 0,
  keepYearly: 0,
  preMigrationKeepDays: 7,
};

/** What a person may set; what is left out is the default. */
export type RetentionSettings = RetentionConfig;

const AT_LEAST_ONE = new Set<keyof RetentionPolicy>(['keepDays', 'minKeep']);

/**
 * Fills settings up with the defaults. Throws TidemarkError (`retention-invalid`, exit code 2) for anything that is
 * not a plain whole number: a zero or a slip of the pen must not delete every backup there is.
 *
 * @param source what messages call the place: `--keep-days`, `BACKUP_KEEP_DAYS`, `backup.retention`
 */
export function retentionPolicy(settings: RetentionSettings, source: string): RetentionPolicy {
  const policy = { ...DEFAULT_RETENTION, ...definedIn(settings) };
  for (const key of Object.keys(DEFAULT_RETENTION) as (keyof RetentionPolicy)[]) {
    const value = policy[key];
    if (value === 'off' && key === 'keepDays') continue;
    const least = AT_LEAST_ONE.has(key) ? 1 : 0;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
      throw new TidemarkError(
        'retention-invalid',
        `${source}: ${key} must be a whole number of at least ${least}, not ${String(value)}`,
        {
          exitCode: 2,
          hints: [
            key === 'keepDays'
              ? 'Write "off" to keep nothing for its age alone.'
              : key === 'minKeep'
                ? 'At least one backup always stays.'
                : '0 turns the rule off.',
          ],
        },
      );
    }
  }
  return policy;
}

function definedIn(settings: RetentionSettings): Partial<RetentionPolicy> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
