import { describe, expect, test } from 'vitest';
import { isBackupId, newBackupId, resolveBackupId } from '../../src/backup/backup-id.js';
import { readKey } from '../../src/backup/layout.js';
import { databaseFolder, requirePartName } from '../../src/backup/part-name.js';

describe('ids', () => {
  test('sort by age, differ within a millisecond, and are told from everything else', () => {
    const early = newBackupId(new Date('2026-01-02T03:04:05.006Z'));
    expect(early).toMatch(/^20260102T030405006Z-[0-9a-z]{6}$/);
    expect(early < newBackupId(new Date('2026-01-02T03:04:05.007Z'))).toBe(true);
    expect(new Set(Array.from({ length: 50 }, () => newBackupId())).size).toBe(50);
    expect([early, `${early}x`, '../x', 'manifest.json'].map(isBackupId)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  const ids = ['20260103T000000000Z-aaaaaa', '20260102T000000000Z-bbbbbb', '20260101T000000000Z-cccccc'];

  test('latest, a whole id, a beginning', () => {
    expect(resolveBackupId(ids, 'latest')).toBe(ids[0]);
    expect(resolveBackupId(ids, '20260102')).toBe(ids[1]);
    expect(resolveBackupId(ids, ids[2]!)).toBe(ids[2]);
  });

  test.each([
    ['2026', 'backup-ambiguous'],
    ['2025', 'backup-unknown'],
    ['', 'backup-unknown'],
  ])('%j is refused', (text, code) => {
    expect(() => resolveBackupId(ids, text)).toThrow(expect.objectContaining({ code, exitCode: 2 }));
  });

  test('without backups there is no latest', () => {
    expect(() => resolveBackupId([], 'latest')).toThrow('there is no backup');
  });
});

describe('names', () => {
  test.each([
    ['app', 'app'],
    ['my_app-2', 'my_app-2'],
    ['My App', /^my-app-[0-9a-f]{8}$/],
    ['we"ird; rm -rf x\'/../é', /^[a-z0-9_-]+-[0-9a-f]{8}$/],
    ['../..', /^database-[0-9a-f]{8}$/],
    ['', /^database-[0-9a-f]{8}$/],
    ['ü', /^database-[0-9a-f]{8}$/],
  ])('the folder of database %j', (name, folder) => {
    expect(databaseFolder(name)).toMatch(folder);
    expect(() => requirePartName(databaseFolder(name))).not.toThrow();
  });

  test('databases whose names differ have folders that differ', () => {
    expect(new Set(['App', 'app', 'APP', 'a pp', 'a-pp'].map(databaseFolder)).size).toBe(5);
  });

  test('what lies in a store and is not ours is nothing', () => {
    const id = '20260101T000000000Z-cccccc';
    expect(readKey('app', `app/${id}/dump`)).toEqual({ id, part: 'dump' });
    expect(readKey('app', `app/marks/${id}.pinned`)).toEqual({ id, mark: 'pinned' });
    for (const key of [
      `app2/${id}/dump`,
      `app/${id}`,
      `app/${id}/a/b`,
      'app/notes.txt',
      'app/marks/x.pinned',
    ])
      expect(readKey('app', key)).toBeUndefined();
  });
});
