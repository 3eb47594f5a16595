import { existsSync, readFileSync } from 'node:fs';
import { TidemarkError } from '../errors.js';
import { decodeMigration, type Migration } from './migration-file.js';
import type { MigrationFacts, NewMigration } from './write-migration.js';

/** The texts that a new migration begins with. */
export interface MigrationTemplate {
  readonly up: string;
  /** What lies beside it as `.down.sql`; undefined when nothing does, and for a program. */
  readonly down: string | undefined;
  readonly language: Migration['language'];
}

/** The texts of a migration that is to be written by hand: of the template, if one is named, else a comment. */
export function emptyMigration(
  name: string,
  template: string | undefined,
): Pick<NewMigration, 'up' | 'down' | 'language'> {
  if (template === undefined) {
    return {
      up: `-- ${name}: write the SQL that goes forward here.\n`,
      down: `-- ${name}: write the SQL that takes it back here.\n`,
    };
  }
  const { up, down, language } = readTemplate(template);
  return {
    up: (facts) => fillTemplate(up, facts),
    down: down === undefined ? undefined : (facts) => fillTemplate(down, facts),
    language,
  };
}

/**
 * Reads the template of new migrations: a `.sql` file, with its reverse in the `.down.sql` beside it, or a `.ts` file.
 * Throws TidemarkError: `template-unreadable` (exit code 2), `migration-encoding`.
 */
export function readTemplate(path: string): MigrationTemplate {
  if (!path.endsWith('.sql')) return { up: readText(path), down: undefined, language: 'program' };
  const down = path.replace(/\.sql$/, '.down.sql');
  return { up: readText(path), down: existsSync(down) ? readText(down) : undefined, language: 'sql' };
}

/**
 * Fills in `{name}`, `{revision}` and `{date}` (ISO 8601, in UTC, to the second). Any other braces are the text's own.
 */
export function fillTemplate(text: string, { name, revision, date }: MigrationFacts): string {
  const values: Readonly<Record<string, string>> = {
    // A name of several lines would go on outside the comment it stands in.
    name: name.replace(/\s+/g, ' ').trim(),
    revision,
    date: `${date.toISOString().slice(0, 19)}Z`,
  };
  return text.replace(/\{(name|revision|date)\}/g, (whole, key: string) => values[key] ?? whole);
}

function readText(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new TidemarkError('template-unreadable', `cannot read the template ${path} (${why})`, {
      exitCode: 2,
      hints: ['Correct newMigrations.template in the configuration.'],
      cause: error,
    });
  }
  return decodeMigration(bytes, path);
}
