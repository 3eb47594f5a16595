import { inTurn, ratio, run } from './support/measure.mjs';
import { environment, temporaryFolder, tools, writeFiles } from './support/project.mjs';

const MIGRATIONS = 20;
const numbers = Array.from({ length: MIGRATIONS }, (_, index) => index + 1);
const tableSql = (number) => `CREATE TABLE item_${number} (id bigint PRIMARY KEY, name text NOT NULL);`;
const stamp = (number) => String(20250101000000 + number);

/**
 * Each tool's project as its users have it: 20 migrations, and the command that says that none is pending
 * (node-pg-migrate and drizzle-kit have no status: theirs is to apply, which finds nothing to do).
 */
const projects = {
  tidemark: {
    files: (url) => ({
      'tidemark.config.ts': `import { defineConfig } from 'tidemark';\nexport default defineConfig({ environments: { local: { url: ${JSON.stringify(url)}, migrations: 'migrations' } } });\n`,
      ...Object.fromEntries(numbers.map((n) => [`migrations/${stamp(n)}_item_${n}.sql`, `${tableSql(n)}\n`])),
    }),
    prepare: [
      ['migrate', 'hash'],
      ['migrate', 'up'],
    ],
    status: ['migrate', 'status'],
    says: '0 pending',
  },
  'node-pg-migrate': {
    files: (url) => ({
      '.env.json': JSON.stringify({ url }),
      ...Object.fromEntries(
        numbers.map((n) => [
          `migrations/${stamp(n)}_item-${n}.cjs`,
          `exports.up = (pgm) => pgm.sql(${JSON.stringify(tableSql(n))});\nexports.down = (pgm) => pgm.dropTable('item_${n}');\n`,
        ]),
      ),
    }),
    prepare: [['up']],
    status: ['up', '--dry-run'],
    says: 'No migrations to run',
  },
  knex: {
    files: (url) => ({
      'knexfile.cjs': `module.exports = { client: 'pg', connection: ${JSON.stringify(url)} };\n`,
      ...Object.fromEntries(
        numbers.map((n) => [
          `migrations/${stamp(n)}_item_${n}.cjs`,
          `exports.up = (knex) => knex.raw(${JSON.stringify(tableSql(n))});\nexports.down = (knex) => knex.schema.dropTable('item_${n}');\n`,
        ]),
      ),
    }),
    prepare: [['migrate:latest', '--knexfile', 'knexfile.cjs']],
    status: ['migrate:status', '--knexfile', 'knexfile.cjs'],
    says: 'No Pending Migration',
  },
  'drizzle-kit': {
    files: (url) => ({
      'drizzle.config.js': `export default { dialect: 'postgresql', out: './drizzle', dbCredentials: { url: ${JSON.stringify(url)} } };\n`,
      'drizzle/meta/_journal.json': JSON.stringify({
        version: '7',
        dialect: 'postgresql',
        entries: numbers.map((n) => ({
          idx: n - 1,
          version: '7',
          when: 1735689600000 + n,
          tag: `${String(n - 1).padStart(4, '0')}_item_${n}`,
          breakpoints: true,
        })),
      }),
      ...Object.fromEntries(
        numbers.map((n) => [`drizzle/${String(n - 1).padStart(4, '0')}_item_${n}.sql`, tableSql(n)]),
      ),
    }),
    prepare: [['migrate']],
    status: ['migrate'],
    says: 'applied successfully',
  },
};

/** `tidemark migrate status` with nothing pending, whole process, against the others and an empty Node. */
export async function measureStatus(server, { rounds }) {
  const cleanups = [];
  try {
    const contestants = { node: () => run([process.execPath, '-e', '0']) };
    for (const [name, project] of Object.entries(projects)) {
      const { folder, remove } = temporaryFolder();
      cleanups.push(remove);
      const url = await server.database();
      cleanups.push(() => server.drop(url));
      const env = { ...environment(folder), ...(name === 'node-pg-migrate' && { DATABASE_URL: url }) };
      writeFiles(folder, project.files(url));
      const tool = (words) => run([...tools[name], ...words], { cwd: folder, env });
      for (const words of project.prepare) tool(words);
      contestants[name] = () => {
        const result = tool(project.status);
        if (!result.output.includes(project.says)) throw new Error(`${name} says: ${result.output}`);
        return result;
      };
    }
    const results = await inTurn(contestants, rounds);
    const against = (name, figure, goal) => ({
      what: name === 'node' ? 'against `node -e 0`' : `against ${name}`,
      figure,
      value: ratio(results.tidemark, results[name], figure),
      goal,
    });
    return {
      title: `migrate status, nothing pending (${MIGRATIONS} migrations)`,
      rows: [
        ...['wall', 'cpu'].map((figure) => against('node', figure, 2.5)),
        ...['node-pg-migrate', 'knex', 'drizzle-kit'].flatMap((name) =>
          ['wall', 'cpu'].map((figure) => against(name, figure, 1)),
        ),
      ],
    };
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}
