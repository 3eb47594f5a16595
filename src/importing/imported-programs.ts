import { basename, extname } from 'node:path';
import { TidemarkError } from '../errors.js';
import { hasStatements } from '../migrations/sql-comments.js';
import { distinctIds } from './distinct-ids.js';
import type { ImportedRevision } from './imported-project.js';
import { counted, plainRevision } from './plain-revision.js';
import type { RenderedDirection, RenderedProgram } from './rendered-program.js';
import { endStatement } from './statement-end.js';

/**
 * The revisions of a line of programs that have been run for their SQL, and what there is to say about them. Not one
 * may be lost: throws TidemarkError (`import-unsupported`) with every program that gives no SQL.
 */
export function importedPrograms(programs: readonly RenderedProgram[]): {
  readonly revisions: readonly ImportedRevision[];
  readonly notes: readonly string[];
} {
  refuseUnrendered(programs);
  const names = programs.map(({ file }) => nameOf(file));
  const ids = distinctIds(names);
  const notes: string[] = [];
  const revisions = programs.map((program, index): ImportedRevision => {
    const { file, key, up, down } = program;
    const name = names[index];
    const id = ids[index];
    if (up === undefined || 'reason' in up || name === undefined || id === undefined) {
      throw new TidemarkError('import-unsupported', `${file} gives no SQL`);
    }
    if (down !== undefined && 'reason' in down) {
      notes.push(
        `${file}:${down.line}: "down" cannot be written as SQL: ${down.reason}. It has no down file; write it by hand.`,
      );
    }
    if (program.asked === true) {
      notes.push(
        `${file} asks what the database holds, and does one thing or another: the new file holds what it does after the migrations before it.`,
      );
    }
    if (program.changes) {
      notes.push(
        `${file} computes a value anew each time (a time, a random id): the new file holds the one of now.`,
      );
    }
    const sql = textOf(up.statements);
    const empty = !hasStatements(sql);
    const back = down !== undefined && 'statements' in down ? down : undefined;
    return {
      ...plainRevision({
        id,
        name: name.words,
        key,
        source: file,
        up: empty ? '-- up does nothing.\n' : sql,
      }),
      transaction: up.transaction,
      // A "down" that does nothing can be gone through with the tool; a reverse without a statement could not be here.
      down:
        back &&
        (textOf(back.statements) ||
          (empty ? '-- down does nothing.\n' : '-- down does nothing.\nSELECT 1;\n')),
      downTransaction: back?.transaction ?? 'file',
    };
  });
  return { revisions, notes };
}

function nameOf(file: string): { readonly version: string; readonly whole: string; readonly words: string } {
  const whole = basename(file, extname(file));
  const [, version, words] = /^(\d+)[_-]+(.*)$/s.exec(whole) ?? [];
  return { whole, version: version ?? whole, words: words ?? whole };
}

function textOf(statements: readonly string[]): string {
  return statements
    .map((sql) => sql.trim())
    .filter(hasStatements)
    .map((sql) => `${endStatement(sql)}\n`)
    .join('\n');
}

function refuseUnrendered(programs: readonly RenderedProgram[]): void {
  const failed = programs.flatMap(({ file, up }) =>
    isFailure(up) ? [{ file, line: up.line, reason: up.reason }] : [],
  );
  const [first] = failed;
  if (first === undefined) return;
  const places = failed.map(({ file, line, reason }) => `${file}:${line}: ${reason}`);
  throw new TidemarkError(
    'import-unsupported',
    `${failed.length} of ${counted(programs.length, 'migration')} cannot be written as SQL:\n  ${places.join('\n  ')}`,
    {
      location: { file: first.file, line: first.line },
      hints: [
        'They need answers from a database, and an import contacts none. Write those parts as SQL that needs no answer (UPDATE … FROM, INSERT … SELECT, CREATE TABLE IF NOT EXISTS), and import again.',
        'What needs a program stays one: import without that part, and write it by hand in the new folder as a migration in TypeScript.',
      ],
      details: { migrations: failed },
    },
  );
}

function isFailure(
  direction: RenderedDirection,
): direction is Extract<RenderedDirection, { reason: string }> {
  return direction !== undefined && 'reason' in direction;
}
