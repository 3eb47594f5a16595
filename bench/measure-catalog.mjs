import { createJiti } from 'jiti';
import { inTurn, ratio, run } from './support/measure.mjs';
import { query } from './support/server.mjs';

const jiti = createJiti(import.meta.url);
const { openDatabase } = await jiti.import('../src/database/open-database.ts');
const { parseDatabaseUrl } = await jiti.import('../src/database/database-url.ts');
const { readSchema } = await jiti.import('../src/postgres/read-catalog.ts');

const TABLES = 1000;

/** `special`: one index on an expression and for some rows only, which the server has to put into words. */
const table = (number, special) => `CREATE TABLE entity_${number} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  parent_id bigint NOT NULL ${number > 1 ? `REFERENCES entity_${number - 1} ON DELETE CASCADE` : ''},
  code varchar(40) NOT NULL,
  title text NOT NULL DEFAULT '',
  amount numeric(12, 2),
  active boolean NOT NULL DEFAULT true,
  tags text[] NOT NULL DEFAULT '{}',
  data jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz
);
CREATE INDEX entity_${number}_parent_idx ON entity_${number} (parent_id, created_at DESC);
CREATE INDEX entity_${number}_title_idx ON entity_${number} ${special ? '(lower(title)) WHERE active' : '(title, active)'};`;

/**
 * Reading the schema of 1,000 tables (10 columns, 2 indexes besides the key, 1 foreign key each) over an open
 * connection, against `pg_dump --schema-only` of the same database.
 */
export async function measureCatalog(server, options) {
  return {
    title: `reading the catalog of ${TABLES} tables`,
    rows: [
      {
        what: 'against pg_dump --schema-only',
        figure: 'wall',
        value: await readAgainstDump(server, options, false),
        goal: 1 / 3,
      },
      {
        what: 'the same, half of the indexes on expressions',
        figure: 'wall',
        value: await readAgainstDump(server, options, true),
      },
    ],
  };
}

async function readAgainstDump(server, { rounds }, special) {
  const url = await server.database();
  let connection;
  try {
    await query(url, Array.from({ length: TABLES }, (_, index) => table(index + 1, special)).join('\n'));
    await query(url, 'VACUUM ANALYZE');
    connection = await openDatabase(parseDatabaseUrl(url, { source: 'the bench', env: {} }));
    const results = await inTurn(
      {
        tidemark: async () => {
          const started = process.hrtime.bigint();
          const schema = await readSchema(connection);
          const wall = Number(process.hrtime.bigint() - started) / 1e9;
          const tables = [...schema.objects.values()].filter(({ kind }) => kind === 'table');
          if (tables.length !== TABLES) throw new Error(`read ${tables.length} tables`);
          return { wall };
        },
        pg_dump: () => run([server.pgDump, '--schema-only', '--dbname', url]),
      },
      rounds,
    );
    return ratio(results.tidemark, results.pg_dump, 'wall');
  } finally {
    await connection?.close();
    await server.drop(url);
  }
}
