import { expect, it } from 'vitest';
import { readRows } from '../../src/postgres/catalog-rows.js';
import { postgresKinds } from '../../src/postgres/kinds/index.js';
import { describeEachServer } from '../support/postgres-server.js';
import { useScratch } from './scratch.js';

describeEachServer('rows of the catalog', (server) => {
  const scratch = useScratch(server);

  it('come as objects or as lists, and are the same', async () => {
    const query = `SELECT 7 AS classid, n AS objid, 0 AS objsubid, chr(n) AS name, nullif(n, 66) AS even
      FROM generate_series(65, 67) n`;
    const seen: unknown[][] = [[], []];
    const answers = await readRows<object>(scratch.connection, [
      { query },
      { query, columns: ['objid', 'name', 'even'] },
    ]);
    answers.forEach((rows, index) => {
      rows((row) => seen[index]!.push({ ...row }));
    });
    expect(seen[0]).toHaveLength(3);
    expect(seen[1]).toEqual(seen[0]);
  });

  it('are none where there are none', async () => {
    const query = 'SELECT 7 AS classid, 1 AS objid, 0 AS objsubid WHERE false';
    const answers = await readRows<object>(scratch.connection, [{ query }, { query, columns: ['objid'] }]);
    for (const rows of answers) rows(() => expect.fail('a row'));
  });

  it('have the columns that their kind says', async () => {
    const { connection } = scratch;
    for (const kind of postgresKinds) {
      if (kind.columns === undefined) continue;
      await connection.executeAll([
        `CREATE TEMP TABLE asked AS ${kind.query(connection.versionNumber)} WITH NO DATA`,
      ]);
      const columns = await connection.query<{ name: string }>(
        `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'asked'::regclass AND attnum > 0 ORDER BY attnum`,
      );
      await connection.executeAll(['DROP TABLE asked']);
      const names = columns.map(({ name }) => name).filter((name) => name !== 'classid');
      const listed = kind.columns.includes('objsubid') ? names : names.filter((name) => name !== 'objsubid');
      expect([...kind.columns].sort(), kind.name).toEqual(listed.sort());
    }
  });
});
