import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { inTurn, ratio, run } from './support/measure.mjs';
import { environment, temporaryFolder, tools, writeFiles } from './support/project.mjs';

const MIGRATIONS = 500;

const table = (number) => `CREATE TABLE item_${number} (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  amount numeric(12, 2) NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);
`;

/**
 * `tidemark migrate up` of 500 migrations of one table each, against `psql -f` of the same SQL: as it is
 * (each statement commits), which is the nearest to migrations that each commit, their record included.
 */
export async function measureUp(server, { rounds }) {
  const { folder, remove } = temporaryFolder();
  try {
    const env = environment(folder);
    const tables = Array.from({ length: MIGRATIONS }, (_, index) => table(index + 1));
    const name = (index) => `migrations/${20250101000001 + index}_item_${index + 1}.sql`;
    writeFiles(folder, {
      'all.sql': tables.join('\n'),
      ...Object.fromEntries(tables.map((sql, index) => [name(index), sql])),
    });
    const flags = ['--migrations', join(folder, 'migrations')];
    run([...tools.tidemark, 'migrate', 'hash', ...flags], { cwd: folder, env });

    const onServer = (command) => async () => {
      const url = await server.database();
      try {
        return run(command(url), { cwd: folder, env });
      } finally {
        await server.drop(url);
      }
    };
    const onEmbedded = async () => {
      const url = `pglite:${join(folder, 'embedded')}`;
      try {
        return run([...tools.tidemark, 'migrate', 'up', ...flags, '--url', url], { cwd: folder, env });
      } finally {
        rmSync(join(folder, 'embedded'), { recursive: true, force: true });
      }
    };
    const results = await inTurn(
      {
        tidemark: onServer((url) => [...tools.tidemark, 'migrate', 'up', ...flags, '--url', url]),
        psql: onServer((url) => [
          server.psql,
          '-qX',
          '-v',
          'ON_ERROR_STOP=1',
          '-d',
          url,
          '-f',
          join(folder, 'all.sql'),
        ]),
        embedded: onEmbedded,
      },
      rounds,
    );
    return {
      title: `migrate up, ${MIGRATIONS} migrations of one table`,
      rows: [
        {
          what: `against psql -f of the same SQL`,
          figure: 'wall',
          value: ratio(results.tidemark, results.psql, 'wall'),
          goal: 1.5,
        },
        {
          what: 'on the embedded database, against the same psql',
          figure: 'wall',
          value: ratio(results.embedded, results.psql, 'wall'),
        },
      ],
    };
  } finally {
    remove();
  }
}
