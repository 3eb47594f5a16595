import { TidemarkError } from '../errors.js';
import { withDirectives } from '../migrations/directive-lines.js';
import { type Migration, reverseOf } from '../migrations/migration-file.js';
import type { Dialect } from '../schema/dialect.js';
import { comment } from '../schema/render-plan.js';
import type { MigrationText } from './write-migration.js';

/**
 * The texts of migrations put together as they are, the reverses in reverse order; no reverse where one of them has
 * none. Throws TidemarkError (`squash-not-joinable`, exit code 4) for programs and for files that run outside a
 * transaction: neither can share a file with others.
 */
export async function joinedText(
  name: string,
  migrations: readonly Migration[],
  dialect: Dialect,
): Promise<Pick<MigrationText, 'up'> & { readonly down: string | undefined }> {
  for (const migration of migrations) requireJoinable(migration);
  const ups: string[] = [];
  for (const { file, path, up } of migrations) ups.push(await part(file, path, up, dialect));
  const downs: string[] = [];
  for (const migration of migrations.toReversed()) {
    const down = reverseOf(migration);
    if (down !== undefined) downs.push(await part(down.file, down.path, down.sql, dialect));
  }
  return {
    up: withDirectives(ups.join('\n'), {
      ignore: migrations.flatMap(({ directives }) => directives.ignore),
      allow: [...new Set(migrations.flatMap(({ directives }) => directives.allow))],
    }),
    down:
      downs.length < migrations.length
        ? undefined
        : [`${comment(`Takes back ${name}.`)}\n`, ...downs].join('\n'),
  };
}

const GONE = {
  revision: undefined,
  parents: undefined,
  dependsOn: undefined,
  branch: undefined,
  transaction: undefined,
  replaces: undefined,
  ignore: undefined,
  allow: undefined,
};

/** A text without its directives, its last statement ended. */
async function part(file: string, path: string, text: string, dialect: Dialect): Promise<string> {
  const own = withDirectives(text.replace(/^\uFEFF/, ''), GONE).trim();
  const last = (await dialect.splitScript(own, path)).at(-1);
  const rest = last === undefined ? ';' : own.slice(last.offset + last.sql.length);
  const ended = rest.trimStart().startsWith(';') ? own : `${own}\n;`;
  return `${comment(`from ${file}`)}\n${ended}\n`;
}

function requireJoinable({ file, path, language, directives, down }: Migration): void {
  const reason =
    language === 'program'
      ? 'is a program'
      : directives.transaction === 'none' || down?.transaction === 'none'
        ? 'runs outside a transaction, statement by statement'
        : undefined;
  if (reason === undefined) return;
  throw new TidemarkError('squash-not-joinable', `${file} ${reason}, and cannot share a file with others`, {
    exitCode: 4,
    location: { file: path, line: 1 },
    hints: ['Squash what comes before it and what comes after it, each for itself.'],
  });
}
