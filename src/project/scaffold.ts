import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { DatabaseUrl } from '../database/database-url.js';
import { configsIn } from './find-config.js';

export interface ScaffoldOptions {
  /** Absolute; made if it is missing. */
  readonly folder: string;
  /** The local environment's URL as the configuration is to have it, without a password. */
  readonly url: string;
  /** The same, parsed from `folder`. */
  readonly database: DatabaseUrl;
  /** The file that keeps the migrations folder in version control: its name and its text. */
  readonly keeper: { readonly name: string; readonly text: string };
  /** What schema.sql is to hold; default an example. */
  readonly schema?: string | undefined;
}

/** A file or folder of a new project, relative to its folder, and whether it was there before. */
export interface ScaffoldedFile {
  readonly path: string;
  readonly state: 'made' | 'extended' | 'kept';
}

/** The embedded database that `init` proposes: a folder that no repository should hold. */
export const EMBEDDED_URL = 'pglite:./.tidemark/local';
/** The SQLite file that it proposes. */
export const SQLITE_URL = 'sqlite:./local.db';
const SQLITE_TEST_URL = 'sqlite:./test.db';

/**
 * Writes the files of a new project and says what it did with each. What exists is kept; only .gitignore gets
 * the lines that it lacks. Errors of the file system pass through.
 */
export function scaffold({ folder, url, database, keeper, schema }: ScaffoldOptions): ScaffoldedFile[] {
  mkdirSync(folder, { recursive: true });
  const existing = configsIn(folder)[0];
  const texts = database.engine === 'sqlite' ? sqliteTexts : postgresTexts;
  return [
    existing === undefined
      ? writeNew(folder, 'tidemark.config.ts', texts.config(url))
      : { path: existing, state: 'kept' },
    writeNew(folder, 'schema.sql', schema ?? texts.schema),
    writeNew(folder, join('migrations', keeper.name), keeper.text),
    writeNew(folder, '.env.example', texts.environment),
    ignore(folder, ['.tidemark/', '.env', ...sqliteFiles(folder, database)]),
  ];
}

function writeNew(folder: string, path: string, text: string): ScaffoldedFile {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  try {
    // `wx` fails when the file has come into being meanwhile: nothing is ever overwritten.
    writeFileSync(file, text, { flag: 'wx' });
    return { path, state: 'made' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { path, state: 'kept' };
    throw error;
  }
}

function ignore(folder: string, patterns: readonly string[]): ScaffoldedFile {
  const file = join(folder, '.gitignore');
  const there = existsSync(file);
  const text = there ? readFileSync(file, 'utf8') : '';
  const lines = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  const missing = patterns.filter((pattern) => !lines.has(pattern) && !lines.has(pattern.replace(/\/$/, '')));
  if (missing.length === 0) return { path: '.gitignore', state: 'kept' };
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  writeFileSync(file, `${text}${gap}${missing.join('\n')}\n`);
  return { path: '.gitignore', state: there ? 'extended' : 'made' };
}

/** The SQLite files in the folder, with those that the engine keeps beside them, as .gitignore knows them. */
function sqliteFiles(folder: string, database: DatabaseUrl): string[] {
  if (database.adapter !== 'sqlite') return [];
  const local = database.path === undefined ? '..' : relative(folder, database.path);
  const names = [...(local.startsWith('..') ? [] : [local.split(sep).join('/')]), 'test.db'];
  return [...new Set(names)].map((name) => `/${name}*`);
}

interface Texts {
  config(url: string): string;
  readonly schema: string;
  readonly environment: string;
}

const postgresTexts: Texts = {
  config: (url) =>
    configText(
      `
  // Where SQL is tried out before it reaches a database of yours. The embedded PostgreSQL needs no setting;
  // 'server' makes scratch databases on the environment's own server and drops them.
  // dev: 'embedded',
`,
      `    local: { url: ${quoted(url)} },

    // No url here: DATABASE_URL, or DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, say where it is.
    docker: {},

    test: { url: 'pglite:./.tidemark/test' },
`,
    ),
  schema: schemaText(`-- CREATE TABLE users (
--   id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
--   email text NOT NULL UNIQUE,
--   created_at timestamptz NOT NULL DEFAULT now()
-- );
`),
  environment: `# Copy to .env and fill in. Variables that are set for real win over this file.
# DATABASE_URL wins over the DB_* variables.
# DATABASE_URL=postgres://user:password@localhost:5432/app
# DB_HOST=localhost
# DB_PORT=5432
# DB_USER=app
# DB_PASSWORD=
# DB_NAME=app
`,
};

const sqliteTexts: Texts = {
  config: (url) =>
    configText(
      '',
      `    local: { url: ${quoted(url)} },

    test: { url: '${SQLITE_TEST_URL}' },
`,
    ),
  schema: schemaText(`-- CREATE TABLE users (
--   id INTEGER PRIMARY KEY,
--   email TEXT NOT NULL UNIQUE,
--   created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
-- ) STRICT;
`),
  environment: `# Copy to .env and fill in. Variables that are set for real win over this file.
# Where the database of an environment without a url is, such as production:
# DATABASE_URL=sqlite:/var/lib/app/app.db
`,
};

function configText(dev: string, environments: string): string {
  return `import { defineConfig } from 'tidemark';

export default defineConfig({
  // The schema you want: a file, a folder, a glob, or a list of them.
  schema: 'schema.sql',
  // Where migrations are written to and run from.
  migrations: 'migrations',${dev.trimEnd()}

  // Objects that somebody else looks after: 'schema.name' with *, or 'kind:schema.name'.
  // exclude: ['legacy.*'],

  // Chosen by --env NAME or TIDEMARK_ENV; 'local' when nothing is said.
  environments: {
${environments}
    // Never reset without its name. The address comes from the environment variables.
    production: { production: true },
  },
});
`;
}

function schemaText(example: string): string {
  return `-- The schema you want. After a change run
--   tidemark migrate diff NAME
-- and Tidemark writes the migration that leads there. An example to start from:

${example}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
