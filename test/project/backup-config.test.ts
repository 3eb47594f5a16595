import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backupSettings } from '../../src/library/backups/backup-settings.js';
import { resolveEnvironment } from '../../src/project/environment.js';
import { parseInterval } from '../../src/project/interval.js';
import { validateConfig } from '../../src/project/validate-config.js';

const faults = (backup: unknown): string => {
  try {
    validateConfig({ backup }, 'tidemark.config.json');
    return '';
  } catch (error) {
    return (error as Error).message.replace('tidemark.config.json: ', '');
  }
};

describe('the block of backups', () => {
  test('may say everything that the manual lists', () => {
    const all = {
      folder: './vault',
      destinations: {
        nas: { type: 'folder', path: '/mnt/nas', retention: { keepDays: 'off', keepMonthly: 12 } },
        offsite: {
          type: 's3',
          bucket: 'b',
          endpoint: 'https://s3.example.com',
          pathStyle: true,
          partSize: 2 ** 24,
        },
        supa: { type: 'supabase', url: 'https://x.supabase.co', bucket: 'b', keyVariable: 'KEY' },
      },
      retention: { keepDays: 14, minKeep: 3, keepLast: 0, preMigrationKeepDays: 30 },
      interval: '12h',
      cleanupInterval: '1d',
      verifyInterval: 'off',
      verify: 3,
      encryptTo: ['age1abc'],
      identities: 'key.txt',
      excludeTableData: ['public.log_*'],
      jobs: 2,
      clientFolder: '/usr/lib/postgresql/16/bin',
      assertions: ['a.sql', 'b.sql'],
      hooks: { before: ['node', 'x.js'], after: ['true'], failed: ['false'] },
      ping: 'https://hc.example.com/ping/uuid',
      metricsFile: 'backup.prom',
    };
    expect(faults(all)).toBe('');
    expect(faults({ cron: '0 3 * * *', interval: undefined })).toBe('');
  });

  test.each([
    [{ foldr: 'x' }, 'unknown key "backup.foldr" (did you mean "folder"?)'],
    [
      { retention: { keepDays: 0 } },
      '"backup.retention.keepDays" must be a whole number of at least 1, or "off"',
    ],
    [{ retention: { minKeep: 0 } }, '"backup.retention.minKeep" must be a whole number of at least 1'],
    [{ retention: { keepDaily: 1.5 } }, '"backup.retention.keepDaily" must be a whole number of at least 0'],
    [{ retention: { keepday: 3 } }, 'unknown key "backup.retention.keepday" (did you mean "keepDays"?)'],
    [{ retention: 30 }, '"backup.retention" must be an object'],
    [{ interval: '24' }, '"backup.interval" must be a time such as 30m, 24h or 7d'],
    [{ interval: 24 }, '"backup.interval" must be a time such as 30m, 24h or 7d'],
    [{ interval: '0h' }, '"backup.interval" must be a time such as 30m, 24h or 7d'],
    [{ verifyInterval: 'never' }, '"backup.verifyInterval" must be a time such as 30m, 24h or 7d, or "off"'],
    [{ interval: '1d', cron: '0 3 * * *' }, '"backup.interval" and "backup.cron" exclude each other'],
    [{ verify: 5 }, '"backup.verify" must be a whole number from 0 to 4'],
    [
      { hooks: { after: 'rm -rf /' } },
      '"backup.hooks.after" must be a list of strings: a program and its arguments, without a shell',
    ],
    [{ hooks: { afterwards: ['x'] } }, 'unknown key "backup.hooks.afterwards"'],
    [{ ping: 'file:///etc/passwd' }, '"backup.ping" must be an address that begins with https:// or http://'],
    [
      { destinations: { a: { type: 'ftp' } } },
      '"backup.destinations.a.type" must be "folder", "s3" or "supabase"',
    ],
    [{ destinations: { a: { type: 's3' } } }, '"backup.destinations.a.bucket" is missing'],
    [
      { destinations: { a: { type: 's3', bucket: 'b', accessKey: 'AKIA' } } },
      'unknown key "backup.destinations.a.accessKey"',
    ],
    [{ destinations: { 'a/b': { type: 'folder', path: 'x' } } }, "a destination's name has letters"],
    [{ destinations: { local: { type: 'folder', path: 'x' } } }, '"local" is the name of the folder itself'],
    [{ destinations: { a: { type: 'constructor' } } }, '"backup.destinations.a.type" must be'],
  ])('%j is a fault that is told', (backup, words) => {
    expect(faults(backup)).toContain(words);
  });

  test('no value is ever quoted: it may be a secret in the wrong place', () => {
    const secret = 'hunter2secret';
    for (const backup of [
      { ping: secret },
      { encryptTo: secret },
      { destinations: { a: { type: 's3', bucket: 'b', endpoint: secret } } },
      { destinations: { a: { type: 'supabase', url: `https://x.example.com`, bucket: 'b', key: secret } } },
    ])
      expect(faults(backup)).not.toContain(secret);
    expect(faults({ ping: secret })).not.toBe('');
  });
});

describe('what holds of it', () => {
  const settings = (top: object, block: object = {}, variables: Record<string, string> = {}, choices = {}) =>
    backupSettings(
      resolveEnvironment({
        flags: {},
        config: {
          file: '/project/tidemark.config.json',
          folder: '/project',
          value: validateConfig(
            { url: 'sqlite:app.db', backup: top, environments: { local: { backup: block } } },
            'x',
          ),
        },
        env: { variables, files: new Map() },
        cwd: '/elsewhere',
      }),
      choices,
    );

  test('without a word: once a day, thirty days, at least five, into backups', () => {
    const defaults = settings({});
    expect(defaults).toMatchObject({
      folder: '/project/backups',
      rhythm: { kind: 'interval', ms: 86_400_000 },
      cleanupMs: 86_400_000,
      verifyEveryMs: undefined,
      verify: 2,
      encryptTo: [],
    });
    expect(defaults.retention('local')).toMatchObject({ keepDays: 30, minKeep: 5, keepDaily: 0 });
  });

  test('an environment changes key by key; its cron takes the place of an interval above, and the reverse', () => {
    expect(settings({ folder: 'a', jobs: 2 }, { folder: 'b' })).toMatchObject({
      folder: '/project/b',
      jobs: 2,
    });
    expect(settings({ interval: '1h' }, { cron: '0 3 * * *' }).rhythm).toEqual({
      kind: 'cron',
      expression: '0 3 * * *',
    });
    expect(settings({ cron: '0 3 * * *' }, { interval: '1h' }).rhythm).toEqual({
      kind: 'interval',
      ms: 3_600_000,
    });
    expect(settings({ cron: '0 3 * * *' }, { jobs: 1 }).rhythm).toMatchObject({ kind: 'cron' });
  });

  test('flags over variables over configuration', () => {
    const top = { cron: '0 3 * * *', cleanupInterval: '2d', retention: { keepDays: 3, minKeep: 2 } };
    const variables = {
      BACKUP_INTERVAL_HOURS: '0.5',
      BACKUP_CLEANUP_INTERVAL_DAYS: '3',
      BACKUP_KEEP_DAYS: 'off',
      BACKUP_MIN_KEEP: '7',
    };
    const byVariables = settings(top, {}, variables);
    expect(byVariables).toMatchObject({
      rhythm: { kind: 'interval', ms: 1_800_000 },
      cleanupMs: 3 * 86_400_000,
    });
    expect(byVariables.retention('local')).toMatchObject({ keepDays: 'off', minKeep: 7 });
    const byFlags = settings(top, {}, variables, {
      interval: '2h',
      cleanupInterval: '1w',
      retention: { keepDays: 9, minKeep: undefined },
    });
    expect(byFlags).toMatchObject({ rhythm: { kind: 'interval', ms: 7_200_000 }, cleanupMs: 7 * 86_400_000 });
    expect(byFlags.retention('local')).toMatchObject({ keepDays: 9, minKeep: 7 });
  });

  test('the variables are not part of what is printed of an environment', () => {
    const environment = resolveEnvironment({
      flags: {},
      config: undefined,
      env: { variables: { AWS_SECRET_ACCESS_KEY: 'hunter2' }, files: new Map() },
      cwd: '/elsewhere',
    });
    expect(JSON.stringify(environment)).not.toContain('hunter2');
    expect(environment.backup.variables()).toEqual({ AWS_SECRET_ACCESS_KEY: 'hunter2' });
  });
});

test('an interval is a number with a unit, or none at all', () => {
  expect(['30s', '30m', '24h', '1.5d', '2w', ' 7d '].map(parseInterval)).toEqual([
    30_000, 1_800_000, 86_400_000, 129_600_000, 1_209_600_000, 604_800_000,
  ]);
  for (const text of ['', '24', '0h', '-1h', '1h30m', '1e3h', 'h', '1 d', 'Infinityd', '99999999999999999w'])
    expect(parseInterval(text), text).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      const ms = parseInterval(text);
      expect(ms === undefined || (Number.isSafeInteger(ms) && ms > 0)).toBe(true);
    }),
  );
});
