import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Files by which a project of another tool is known, and the words that bring it in. */
const OTHER_TOOLS: readonly (readonly [file: string, words: string])[] = [
  ['migrations/atlas.sum', '--from atlas migrations --in-place'],
  ['alembic.ini', '--from alembic .'],
  ['prisma/migrations', '--from prisma prisma/migrations'],
  ['drizzle/meta/_journal.json', '--from drizzle drizzle'],
  ['knexfile.js', '--from knex .'],
  ['knexfile.ts', '--from knex .'],
];

/** What there is to do after `init`: a sentence that begins in the middle, and commands without `tidemark`. */
export interface NextSteps {
  readonly first: string;
  readonly commands: readonly string[];
}

/**
 * The next steps in a folder that `init` has just filled. A project of another tool, or one with migrations, does not
 * begin with a first migration. `createDatabase`: the database may have to be made.
 */
export function nextSteps(folder: string, createDatabase: boolean): NextSteps {
  const migrations = join(folder, 'migrations');
  const isKept = existsSync(join(migrations, 'tidemark.sum'));
  const other = OTHER_TOOLS.find(([file]) => existsSync(join(folder, file)));
  if (!isKept && other !== undefined) {
    return {
      first: `${other[0]} is there already; bring its migrations in, and what the database has of them`,
      commands: [`migrate import ${other[1]} --dry-run`, `migrate import ${other[1]}`, INSPECT],
    };
  }
  if (isKept)
    return { first: 'there are migrations already; see where the database is', commands: ['status'] };
  if (readdirSync(migrations).some((name) => /\.(?:sql|[cm]?[jt]s)$/.test(name))) {
    return {
      first:
        'there are migrations already; those of another tool are brought in with "migrate import", others listed',
      commands: ['migrate import --help', 'migrate hash'],
    };
  }
  return {
    first: 'write your tables into schema.sql, then',
    commands: ['migrate diff first', ...(createDatabase ? ['db create'] : []), 'migrate up'],
  };
}

/** After `init --from`: the database has what the first migration makes, and its history does not say so yet. */
export function adoptedNextSteps(baseline: string): NextSteps {
  return {
    first: 'tell the database that it has the first migration already; nothing else in it changes',
    commands: [`migrate stamp ${baseline}`, 'status'],
  };
}

/** What the migrations make becomes the wanted schema; the database may not have all of them yet. */
const INSPECT = 'schema inspect migrations:migrations > schema.sql';
