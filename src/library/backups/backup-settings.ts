import { resolve } from 'node:path';
import type { Rhythm } from '../../backup/due.js';
import { type RetentionPolicy, retentionPolicy } from '../../backup/retention/policy.js';
import type { BackupConfig, BackupHooks, DestinationConfig, RetentionConfig } from '../../backup-config.js';
import { TidemarkError } from '../../errors.js';
import type { ResolvedEnvironment } from '../../project/environment.js';
import { INTERVAL_WORDS, parseInterval } from '../../project/interval.js';
import { didYouMean } from '../../suggest.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** What a call or the command line says, over variables and configuration. What is left out is as they say. */
export interface BackupChoices {
  /** The folder of backups. Absolute. */
  readonly folder?: string | undefined;
  readonly retention?: RetentionConfig | undefined;
  /** `24h`; excludes `cron`. */
  readonly interval?: string | undefined;
  readonly cron?: string | undefined;
  readonly cleanupInterval?: string | undefined;
  /** `7d`, or `off`. */
  readonly verifyInterval?: string | undefined;
  /** The age identity's file. Absolute. */
  readonly identity?: string | undefined;
}

/** Everything about an environment's backups, settled. Paths are absolute. */
export interface BackupSettings {
  readonly folder: string;
  /** Where relative paths of the configuration start. */
  readonly root: string;
  readonly destinations: Readonly<Record<string, DestinationConfig>>;
  readonly rhythm: Rhythm;
  readonly cleanupMs: number;
  readonly verifyEveryMs: number | undefined;
  /** How far a new backup is proven. */
  readonly verify: 0 | 1 | 2 | 3 | 4;
  readonly encryptTo: readonly string[];
  readonly identity: string | undefined;
  readonly excludeTableData: readonly string[];
  readonly jobs: number | undefined;
  readonly clientFolder: string | undefined;
  readonly assertions: readonly string[];
  readonly hooks: BackupHooks | undefined;
  readonly ping: string | undefined;
  readonly metricsFile: string | undefined;
  readonly variables: Variables;
  /** What stays in the folder (`local`) or at a destination. */
  retention(place: string): RetentionPolicy;
}

const DEFAULT_INTERVAL = '24h';

/**
 * Settles an environment's backups: flags over variables over configuration over defaults. Throws TidemarkError with
 * exit code 2: `variable-invalid`, which names it, `interval-invalid`, `retention-invalid`.
 */
export function backupSettings(
  { root, backup }: Pick<ResolvedEnvironment, 'root' | 'backup'>,
  choices: BackupChoices = {},
): BackupSettings {
  const { config } = backup;
  const variables = backup.variables();
  const fromRoot = (path: string) => resolve(root, path);
  const fromVariables = retentionOf(variables);
  const { assertions = [] } = config;
  const identity = variables.TIDEMARK_AGE_IDENTITY || config.identities;
  const destinations = config.destinations ?? {};
  const cleanupMs =
    intervalOf(choices.cleanupInterval, 'the cleanup interval') ??
    variableTime(variables, 'BACKUP_CLEANUP_INTERVAL_DAYS', 86_400_000) ??
    intervalOf(config.cleanupInterval ?? '1d', 'backup.cleanupInterval');
  const verifyInterval = choices.verifyInterval ?? config.verifyInterval ?? 'off';
  return {
    folder: choices.folder ?? fromRoot(config.folder ?? 'backups'),
    root,
    destinations,
    rhythm: rhythmOf(config, variables, choices),
    cleanupMs: cleanupMs ?? 86_400_000,
    verifyEveryMs: verifyInterval === 'off' ? undefined : intervalOf(verifyInterval, 'the verify interval'),
    verify: levelOf(config.verify),
    encryptTo: config.encryptTo ?? [],
    identity: choices.identity ?? (identity === undefined ? undefined : fromRoot(identity)),
    excludeTableData: config.excludeTableData ?? [],
    jobs: config.jobs,
    clientFolder: config.clientFolder === undefined ? undefined : fromRoot(config.clientFolder),
    assertions: (typeof assertions === 'string' ? [assertions] : assertions).map(fromRoot),
    hooks: config.hooks,
    ping: config.ping,
    metricsFile: config.metricsFile === undefined ? undefined : fromRoot(config.metricsFile),
    variables,
    retention: (place) =>
      retentionPolicy(
        {
          ...said(config.retention),
          ...said(Object.hasOwn(destinations, place) ? destinations[place]?.retention : undefined),
          ...said(fromVariables),
          ...said(choices.retention),
        },
        'the retention',
      ),
  };
}

/** The level of `verify` as a number that is one. Throws TidemarkError (`usage`, exit code 2). */
export function levelOf(value: number | string = 2, source = 'backup.verify'): 0 | 1 | 2 | 3 | 4 {
  const levels = [0, 1, 2, 3, 4] as const;
  const level = levels.find((known) => String(known) === String(value));
  if (level !== undefined) return level;
  throw new TidemarkError('usage', `${source} must be a level from 0 to 4, not ${String(value)}`, {
    exitCode: 2,
    hints: ['0 exists, 1 every byte, 2 readable, 3 restored and counted, 4 your own assertions.'],
  });
}

/** The destinations of those names. Throws TidemarkError (`destination-unknown`, exit code 2). */
export function requireDestinations(
  { destinations }: Pick<BackupSettings, 'destinations'>,
  names: readonly string[],
): void {
  const known = Object.keys(destinations);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new TidemarkError(
      'destination-unknown',
      `there is no destination "${name}"${didYouMean(name, known)}`,
      {
        exitCode: 2,
        hints: [
          known.length === 0
            ? 'The configuration has none: add one to `destinations` under `backup`.'
            : `There are: ${known.join(', ')}.`,
        ],
      },
    );
  }
}

function rhythmOf(config: BackupConfig, variables: Variables, choices: BackupChoices): Rhythm {
  if (choices.interval !== undefined && choices.cron !== undefined) {
    throw new TidemarkError('usage', 'an interval and a cron expression exclude each other', { exitCode: 2 });
  }
  const chosen = intervalOf(choices.interval, 'the interval');
  if (chosen !== undefined) return { kind: 'interval', ms: chosen };
  if (choices.cron !== undefined) return { kind: 'cron', expression: choices.cron };
  const hours = variableTime(variables, 'BACKUP_INTERVAL_HOURS', 3_600_000);
  if (hours !== undefined) return { kind: 'interval', ms: hours };
  if (config.cron !== undefined) return { kind: 'cron', expression: config.cron };
  const ms = intervalOf(config.interval ?? DEFAULT_INTERVAL, 'backup.interval');
  return { kind: 'interval', ms: ms ?? 86_400_000 };
}

function retentionOf(variables: Variables): RetentionConfig {
  return {
    keepDays: variableCount(variables, 'BACKUP_KEEP_DAYS', true),
    minKeep: variableCount(variables, 'BACKUP_MIN_KEEP', false),
  };
}

/** A variable that counts; one that is there and no count is an error: a slip must not decide what is deleted. */
function variableCount(variables: Variables, name: string, off: true): number | 'off' | undefined;
function variableCount(variables: Variables, name: string, off: false): number | undefined;
function variableCount(variables: Variables, name: string, off: boolean): number | 'off' | undefined {
  const text = variables[name];
  if (text === undefined) return undefined;
  if (off && text === 'off') return 'off';
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw wrongVariable(name, text, `a whole number of at least 1${off ? ', or off' : ''}`);
}

function variableTime(variables: Variables, name: string, unit: number): number | undefined {
  const text = variables[name];
  if (text === undefined) return undefined;
  const value = /^\d{1,6}(?:\.\d{1,6})?$/.test(text) ? Math.round(Number(text) * unit) : 0;
  if (value >= 1000) return value;
  throw wrongVariable(name, text, 'a number above 0, without a unit');
}

function wrongVariable(name: string, text: string, words: string): TidemarkError {
  const given = text === '' ? 'it is empty' : `not ${JSON.stringify(text.slice(0, 40))}`;
  return new TidemarkError('variable-invalid', `${name} must be ${words}; ${given}`, {
    exitCode: 2,
    hints: [`Correct ${name}, here or in .env, or remove it.`],
  });
}

function intervalOf(text: string | undefined, source: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseInterval(text);
  if (ms !== undefined) return ms;
  throw new TidemarkError('interval-invalid', `${source} must be ${INTERVAL_WORDS}, not "${text}"`, {
    exitCode: 2,
  });
}

function said(retention: RetentionConfig | undefined): RetentionConfig {
  return Object.fromEntries(Object.entries(retention ?? {}).filter(([, value]) => value !== undefined));
}
