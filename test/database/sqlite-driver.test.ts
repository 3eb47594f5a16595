import { describe, expect, test, vi } from 'vitest';
import { sqliteDriver } from '../../src/database/sqlite-driver.js';

const betterSqlite = vi.hoisted(() => vi.fn());
vi.mock('../../src/database/sqlite-node.js', () => ({ nodeSqlite: () => undefined }));
vi.mock('../../src/database/sqlite-better.js', () => ({ betterSqlite }));

describe('without a built-in SQLite', () => {
  test('better-sqlite3 that is not installed: install it, or another Node', async () => {
    betterSqlite.mockRejectedValueOnce(Object.assign(new Error('x'), { code: 'ERR_MODULE_NOT_FOUND' }));
    await expect(sqliteDriver()).rejects.toMatchObject({
      code: 'sqlite-missing',
      exitCode: 2,
      message: expect.stringContaining('better-sqlite3 is not installed'),
      hints: [
        expect.stringContaining('Node 22.13'),
        expect.stringContaining('npm install better-sqlite3@12'),
      ],
    });
  });

  test('better-sqlite3 that was not built: npm may not have run its script', async () => {
    betterSqlite.mockRejectedValueOnce(new Error('Could not locate the bindings file. Tried:\n → a\n → b'));
    await expect(sqliteDriver()).rejects.toMatchObject({
      message: expect.stringMatching(/cannot be loaded: Could not locate the bindings file\. Tried:$/),
      hints: [expect.anything(), expect.stringContaining('npm install-scripts approve better-sqlite3')],
    });
  });

  test('better-sqlite3 that is there', async () => {
    const driver = { name: 'better-sqlite3' };
    betterSqlite.mockResolvedValueOnce(driver);
    expect(await sqliteDriver()).toBe(driver);
  });
});
