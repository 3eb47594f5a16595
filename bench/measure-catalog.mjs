import { createJiti } from 'jiti';
import { inTurn, ratio, run } from './support/measure.mjs';
import { query } from './support/server.mjs';

const jiti = createJiti(import.meta.url);
const { openDatabase } = await jiti.import('../src/database/open-database.ts');
const { parseDatabaseUrl } = await jiti.import('../src/database/database-url.ts');
const { readSchema } = await jiti.import('../src/postgres/read-catalog.ts');

const TABLES = 1000;

const table = (number) => `CREATE TABLE entity_${number} (
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
CREATE INDEX entity_${number}_title_idx ON entity_${number} (lower(title)) WHERE active;`;

/**
 * Reading the schema of 1,000 tables (10 columns, 2 indexes besides the key, 1 foreign key each) over an open
 * connection, against `pg_dump --schema-only` of the same database.
 */
export async function measureCatalog(server, { rounds }) {
  const url = await server.database();
  try {
    await query(url, Array.from({ length: TABLES }, (_, index) => table(index + 1)).join('\n'));
    await query(url, 'VACUUM ANALYZE');
    const connection = await openDatabase(parseDatabaseUrl(url, { source: 'the bench', env: {} }));
    try {
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
      return {
        title: `reading the catalog of ${TABLES} tables`,
        rows: [
          {
            what: 'against pg_dump --schema-only',
            figure: 'wall',
            value: ratio(results.tidemark, results.pg_dump, 'wall'),
            goal: 1 / 3,
          },
        ],
      };
    } finally {
      await connection.close();
    }
  } finally {
    await server.drop(url);
  }
}
