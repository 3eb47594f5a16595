import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectSqlite } from '../../src/database/sqlite-connection.js';
import { planBothWays } from '../../src/schema/planner.js';
import { renderPlan } from '../../src/schema/render-plan.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';
import { schemaPair } from './random-schemas.js';
import { differences, schemaOf } from './support.js';

/** The version number of the sqlite3 shell, undefined where there is none. */
function shellVersion(): number | undefined {
  const { stdout } = spawnSync('sqlite3', ['--version'], { encoding: 'utf8' });
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  return major === undefined ? undefined : Number(major) * 1_000_000 + Number(minor) * 1_000 + Number(patch);
}

const version = shellVersion();

describe.skipIf(version === undefined)('the text of a plan in the sqlite3 shell', () => {
  it('does the same as the plan, rebuilds included', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-shell-'));
    const shell = (file: string, script: string): string =>
      execFileSync('sqlite3', ['-bail', file], { input: script, encoding: 'utf8' });
    let count = 0;
    try {
      await fc.assert(
        fc.asyncProperty(schemaPair({ renames: false }), async (pair) => {
          const file = join(folder, `${count++}.db`);
          // The plan is for what the shell's engine can do.
          const at = { engineVersion: version! };
          const before = { ...(await schemaOf(pair.from)), ...at };
          const after = { ...(await schemaOf(pair.to)), ...at };
          const { up, down } = planBothWays(before, after, sqliteDialect);
          shell(file, `PRAGMA synchronous = OFF;\n${pair.from}\nBEGIN;\n${pair.rows}COMMIT;`);
          const rows = pair.kept
            .map(({ name }) => `SELECT id, k FROM "${name.replaceAll('"', '""')}" ORDER BY +id;`)
            .join('\n');
          const old = shell(file, rows);
          for (const [plan, wanted] of [
            [up, after],
            [down, before],
          ] as const) {
            shell(file, `PRAGMA synchronous = OFF;\nPRAGMA foreign_keys = ON;\n${renderPlan(plan)}`);
            expect(shell(file, rows)).toBe(old);
            expect(shell(file, 'PRAGMA foreign_key_check; PRAGMA integrity_check;')).toBe('ok\n');
            const connection = await connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path: file });
            expect(await differences(connection, wanted)).toEqual([]);
            await connection.close();
          }
        }),
        { numRuns: 25 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
