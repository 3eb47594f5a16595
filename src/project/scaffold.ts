import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { configsIn } from './find-config.js';

export interface ScaffoldOptions {
  /** Absolute; made if it is missing. */
  readonly folder: string;
  /** The local environment's URL, without a password. */
  readonly url: string;
}

/** A file or folder of a new project, relative to its folder, and whether it was there before. */
export interface ScaffoldedFile {
  readonly path: string;
  readonly state: 'made' | 'extended' | 'kept';
}

/** The embedded database that `init` proposes: a folder that no repository should hold. */
export const EMBEDDED_URL = 'pglite:./.tidemark/local';

/**
 * Writes the files of a new project and says what it did with each. What exists is kept; only .gitignore gets
 * the lines that it lacks. Errors of the file system pass through.
 */
export function scaffold({ folder, url }: ScaffoldOptions): ScaffoldedFile[] {
  mkdirSync(folder, { recursive: true });
  const existing = configsIn(folder)[0];
  return [
    existing === undefined
      ? writeNew(folder, 'tidemark.config.ts', configText(url))
      : { path: existing, state: 'kept' },
    writeNew(folder, 'schema.sql', schemaText),
    writeNew(folder, join('migrations', '.gitkeep'), ''),
    writeNew(folder, '.env.example', environmentText),
    ignore(folder, ['.tidemark/', '.env']),
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

const configText = (url: string) => `import { defineConfig } from 'tidemark';

export default defineConfig({
  // The schema you want: a file, a folder, a glob, or a list of them.
  schema: 'schema.sql',
  // Where migrations are written to and run from.
  migrations: 'migrations',
  // Where SQL is tried out before it reaches a database of yours. The embedded PostgreSQL needs no setting;
  // 'server' makes scratch databases on the environment's own server and drops them.
  // dev: 'embedded',

  // Objects that somebody else looks after: 'schema.name' with *, or 'kind:schema.name'.
  // exclude: ['legacy.*'],

  // Chosen by --env NAME or TIDEMARK_ENV; 'local' when nothing is said.
  environments: {
    local: { url: ${quoted(url)} },

    // No url here: DATABASE_URL, or DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, say where it is.
    docker: {},

    test: { url: 'pglite:./.tidemark/test' },

    // Never reset without its name. The address comes from the environment variables, as above.
    production: { production: true },
  },
});
`;

const schemaText = `-- The schema you want. After a change run
--   tidemark migrate diff NAME
-- and Tidemark writes the migration that leads there. An example to start from:

-- CREATE TABLE users (
--   id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
--   email text NOT NULL UNIQUE,
--   created_at timestamptz NOT NULL DEFAULT now()
-- );
`;

const environmentText = `# Copy to .env and fill in. Variables that are set for real win over this file.
# DATABASE_URL wins over the DB_* variables.
# DATABASE_URL=postgres://user:password@localhost:5432/app
# DB_HOST=localhost
# DB_PORT=5432
# DB_USER=app
# DB_PASSWORD=
# DB_NAME=app
`;

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
