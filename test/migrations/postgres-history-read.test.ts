import { expect, test } from 'vitest';
import { migrationEngine } from '../../src/migrations/engine.js';
import { readHistoryRows } from '../../src/migrations/postgres-history-read.js';
import { describeOldestAndNewest, withDatabase } from '../support/postgres-server.js';
import { connect } from './support/database.js';

const RUN = { run: 'r', operation: 'up', by: `o'neil "x"`, host: 'h', pid: 1, toolVersion: '0.1.0' } as const;

describeOldestAndNewest('the rows of a history', (server) => {
  test('are the same by column, whether a column more is there or not', () =>
    withDatabase(server, async (url) => {
      const connection = await connect(url);
      try {
        const { history } = await migrationEngine(connection);
        const alter = (sql: string) => connection.executeAll([sql]);
        const entry = (revision: string, down: string | undefined) =>
          history.insertRevision(
            {
              revision,
              name: `a "name", with ] and \\ in it`,
              parents: revision === '2' ? ['1', 'x,y'] : [],
              dependsOn: [],
              state: revision === '2' ? 'applying' : 'applied',
              origin: 'run',
              checksum: 'sha256:0',
              down: down === undefined ? undefined : { sql: down, checksum: 'sha256:1' },
              transactionMode: 'none',
              statementsTotal: 2,
            },
            RUN,
          );
        await history.prepare(await history.read());
        expect((await readHistoryRows(connection)).revisions).toEqual([]);
        await connection.executeAll([entry('2', 'SELECT 1;'), entry('1', undefined)]);

        const quickly = await readHistoryRows(connection);
        expect(quickly.revisions).toMatchObject([
          { revision: '2', parents: ['1', 'x,y'], has_down: true, state: 'applying', attempt: null },
          { revision: '1', parents: [], has_down: false, applied_by: RUN.by, tool_version: '0.1.0' },
        ]);
        const before = await history.read();

        // As a later format might have it.
        await alter('ALTER TABLE tidemark.revision ADD COLUMN later text');
        expect(await readHistoryRows(connection)).toEqual(quickly);
        await alter('ALTER TABLE tidemark.revision DROP COLUMN tool_version');
        const { revisions, ...rest } = await readHistoryRows(connection);
        const { revisions: all, ...same } = quickly;
        expect(rest).toEqual(same);
        expect(revisions).toMatchObject(all.map(({ tool_version: _, ...row }) => row));
        expect(revisions.every((row) => !('tool_version' in row) && !('down_sql' in row))).toBe(true);
        await expect(history.read()).rejects.toMatchObject({ code: 'history-damaged' });

        await alter(`ALTER TABLE tidemark.revision ADD COLUMN tool_version text NOT NULL DEFAULT '0.1.0'`);
        expect(await history.read()).toEqual(before);
        await alter('ALTER TABLE tidemark.revision DROP COLUMN checksum');
        await alter('UPDATE tidemark.format SET version = 99');
        await expect(history.read()).rejects.toMatchObject({ code: 'history-newer' });
        await alter('DROP TABLE tidemark.revision');
        await expect(readHistoryRows(connection)).rejects.toMatchObject({ sqlstate: '42P01' });
      } finally {
        await connection.close();
      }
    }));
});
