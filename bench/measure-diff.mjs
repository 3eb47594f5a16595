import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inTurn, median, ratio, run } from './support/measure.mjs';
import { environment, temporaryFolder, tools, writeFiles } from './support/project.mjs';

const TABLES = 200;
const numbers = Array.from({ length: TABLES }, (_, index) => index + 1);
/** The length of the column that each run changes: another one each time, so that no run finds its answer. */
const LENGTH = '/*length*/';

const sqlTable = (n) => `CREATE TABLE entity_${n} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  parent_id uuid${n > 1 ? ` REFERENCES entity_${n - 1} (id) ON DELETE CASCADE` : ''},
  code varchar(${n === TABLES / 2 ? LENGTH : 40}) NOT NULL,
  title text NOT NULL DEFAULT '',
  amount numeric(12, 2),
  active boolean NOT NULL DEFAULT true,
  data jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX entity_${n}_parent_idx ON entity_${n} (parent_id, created_at);
`;

const drizzleTable = (n) => `export const entity${n} = pgTable('entity_${n}', {
  id: uuid('id').primaryKey().defaultRandom(),
  parentId: uuid('parent_id')${n > 1 ? `.references(() => entity${n - 1}.id, { onDelete: 'cascade' })` : ''},
  code: varchar('code', { length: ${n === TABLES / 2 ? LENGTH : 40} }).notNull(),
  title: text('title').notNull().default(''),
  amount: numeric('amount', { precision: 12, scale: 2 }),
  active: boolean('active').notNull().default(true),
  data: jsonb('data'),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
}, (table) => [index('entity_${n}_parent_idx').on(table.parentId, table.createdAt)]);
`;

const projects = {
  tidemark: {
    schema: 'schema.sql',
    text: numbers.map(sqlTable).join('\n'),
    more: {
      'tidemark.config.ts': `import { defineConfig } from 'tidemark';\nexport default defineConfig({ schema: 'schema.sql', migrations: 'migrations' });\n`,
    },
    migrations: 'migrations',
    generate: (name) => ['migrate', 'diff', name],
    says: 'Change the type of column',
  },
  'drizzle-kit': {
    schema: 'schema.ts',
    text: `import { boolean, index, jsonb, numeric, pgTable, text, timestamp, uuid, varchar } from 'drizzle-orm/pg-core';\n${numbers.map(drizzleTable).join('\n')}`,
    more: {
      'drizzle.config.js': `export default { dialect: 'postgresql', schema: './schema.ts', out: './drizzle' };\n`,
    },
    migrations: 'drizzle',
    generate: (name) => ['generate', '--name', name],
    says: '_changed.sql',
  },
};

/**
 * One changed column in a schema of 200 tables, from the schema file to the written migration, whole process.
 * The cache is warm: the engine is prepared and the migrations' state known, as it is after the first time.
 */
export async function measureDiff({ rounds }) {
  const cleanups = [];
  try {
    const contestants = {};
    for (const [name, project] of Object.entries(projects)) {
      const { folder, remove } = temporaryFolder();
      cleanups.push(remove);
      const env = environment(folder);
      const schemaOf = (length) => project.text.replace(LENGTH, String(length));
      writeFiles(folder, { ...project.more, [project.schema]: schemaOf(40) });
      const generate = (migration) =>
        run([...tools[name], ...project.generate(migration)], { cwd: folder, env });
      generate('initial');
      const migrations = join(folder, project.migrations);
      cpSync(migrations, `${migrations}.initial`, { recursive: true });
      contestants[name] = (round) => {
        writeFileSync(join(folder, project.schema), schemaOf(50 + round));
        const result = generate('changed');
        if (!result.output.includes(project.says)) throw new Error(`${name} says: ${result.output}`);
        rmSync(migrations, { recursive: true });
        cpSync(`${migrations}.initial`, migrations, { recursive: true });
        return result;
      };
    }
    const results = await inTurn(contestants, rounds);
    const seconds = (figure) => median(results.tidemark.map((result) => result[figure]));
    return {
      title: `migrate diff, one changed column of ${TABLES} tables, warm cache`,
      rows: [
        ...['wall', 'cpu'].map((figure) => ({
          what: 'seconds',
          figure,
          value: seconds(figure),
          goal: 2,
          unit: 's',
        })),
        ...['wall', 'cpu'].map((figure) => ({
          what: 'against drizzle-kit generate',
          figure,
          value: ratio(results.tidemark, results['drizzle-kit'], figure),
          goal: 1,
        })),
      ],
    };
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}
