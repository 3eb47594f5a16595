import { afterAll, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { openDatabase } from '../../src/database/open-database.js';
import { planBetween } from '../../src/planning/plan-between.js';
import type { StateSource } from '../../src/planning/state-source.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { describeEachServer, freshDatabase } from '../support/postgres-server.js';

describeEachServer("an extension's version", (server) => {
  const benches: Workbench[] = [];
  afterAll(async () => {
    for (const bench of benches) await bench.close();
  });
  const scripts = (sql: string): StateSource => ({
    type: 'scripts',
    label: 'schema.sql',
    files: [{ name: 'schema.sql', sql }],
  });
  const plan = async (from: StateSource, sql: string) => {
    const bench = new Workbench({ dialect: postgresDialect, openDev: async () => openEmbeddedDev() });
    benches.push(bench);
    const { up, proven } = await planBetween(bench, from, scripts(sql), { open: openDatabase });
    return { sql: up.steps.flatMap((step) => step.sql), proven, notes: bench.notes };
  };
  const empty: StateSource = { type: 'empty', label: 'nothing' };

  test('is written where the SQL pins it, from the cache too, and nowhere else', async () => {
    for (let round = 0; round < 2; round++) {
      const pinned = await plan(empty, "CREATE EXTENSION citext VERSION '1.5'");
      expect(pinned.sql).toEqual(["CREATE EXTENSION IF NOT EXISTS citext VERSION '1.5'"]);
      expect(pinned.proven?.objects.get('extension:citext')?.info.version).toBe('1.5');
    }
    expect((await plan(empty, 'CREATE EXTENSION citext')).sql).toEqual([
      'CREATE EXTENSION IF NOT EXISTS citext',
    ]);
  });

  test('is compared with a live database where the SQL pins it, and is no difference', async () => {
    const { url, drop } = await freshDatabase(server);
    try {
      const target = parseDatabaseUrl(url);
      const connection = await openDatabase(target);
      await connection.executeAll(["CREATE EXTENSION citext VERSION '1.5'"]);
      await connection.close();
      const live: StateSource = { type: 'database', label: 'live', url: target };
      expect(await plan(live, 'CREATE EXTENSION citext')).toMatchObject({ sql: [], notes: [] });
      expect(await plan(live, "CREATE EXTENSION citext VERSION '1.5'")).toMatchObject({ sql: [], notes: [] });
      const other = await plan(live, "CREATE EXTENSION citext VERSION '1.6'");
      expect(other.sql).toEqual([]);
      expect(other.notes).toEqual([
        expect.stringMatching(
          /^extension citext is at version 1\.5 and the SQL asks for 1\.6: .*UPDATE TO '1\.6'/,
        ),
      ]);
    } finally {
      await drop();
    }
  });
});
