import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CliResult, tidemark } from '../support/cli.js';
import { describeEachServer, servers, withDatabase } from '../support/postgres-server.js';
import { openSession } from '../support/session.js';
import { corpusCases } from './corpus-case.js';

/** Each engine takes its turn; together they take all. */
const CASES = [
  'big-from-empty',
  'column-type-under-everything',
  'enum-value-removed-everywhere',
  'sequence-serial-to-identity',
  'names-hostile',
  'pk-columns-change-with-fks',
  'enum-values-added',
  'schemas-and-moves',
];

describeEachServer(
  'the built command line brings a database to any schema and back without a question',
  (server) => {
    const turn = server.embedded ? servers().length : servers().findIndex(({ name }) => name === server.name);
    const mine = CASES.filter((_, index) => index % (servers().length + 1) === turn);

    test.each(corpusCases().filter(({ name }) => mine.includes(name)))('$name', (example) =>
      withDatabase(server, async (url) => {
        const folder = mkdtempSync(join(tmpdir(), 'tidemark-corpus-'));
        try {
          writeFileSync(join(folder, 'before.sql'), example.before);
          writeFileSync(join(folder, 'after.sql'), example.after);
          const session = await openSession(url);
          await session.run(`${example.before};${example.seed}`);
          await session.close();
          for (const schema of ['after.sql', 'before.sql', 'after.sql']) {
            const target = ['--url', url, '--schema', schema];
            const apply = ['schema', 'apply', ...target, '--yes', '--allow', 'all'];
            expect(await tidemark(apply, { cwd: folder }), schema).toMatchObject({ code: 0 });
            const left: CliResult = await tidemark(['schema', 'diff', ...target, '--check'], { cwd: folder });
            expect(left, schema).toMatchObject({ code: 0, stdout: '' });
          }
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
    );
  },
  { embedded: true },
);
