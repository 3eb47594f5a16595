import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = fileURLToPath(new URL('../node_modules', import.meta.url));

/** The command lines of the tools, each by its own entry: no time of npx is counted. */
export const tools = {
  tidemark: [process.execPath, join(root, 'dist/cli/main.js')],
  'node-pg-migrate': [process.execPath, join(modules, 'node-pg-migrate/bin/node-pg-migrate.js')],
  knex: [process.execPath, join(modules, 'knex/bin/cli.js')],
  'drizzle-kit': [process.execPath, join(modules, 'drizzle-kit/bin.cjs')],
};

/** No database of the machine's owner is touched, and nothing is left in their cache. */
export function environment(folder) {
  const own = Object.entries(process.env).filter(([name]) => !/^(DATABASE_URL$|DB_|PG|TIDEMARK_)/.test(name));
  return {
    ...Object.fromEntries(own),
    TIDEMARK_CACHE_DIR: join(folder, '.cache'),
    NO_COLOR: '1',
    PGCLIENTENCODING: 'UTF8',
  };
}

/** A folder below bench/node_modules, where the peers' configurations find their packages. */
export function temporaryFolder() {
  const parent = join(modules, '.cache');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'project-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Writes files by their path below a folder. */
export function writeFiles(folder, files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
