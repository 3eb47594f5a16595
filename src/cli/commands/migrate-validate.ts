import { TidemarkError } from '../../errors.js';
import { graphOf, migrationsInOrder } from '../../migrations/compare-history.js';
import type { Directives } from '../../migrations/directives.js';
import { readScript, type Script } from '../../migrations/script.js';
import { requireListed } from '../../migrations/write-migration.js';
import { downScript, upScript } from '../../planning/migration-scripts.js';
import type { Dialect } from '../../schema/dialect.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';

/** Reads a script as the runner does. Which statements may commit decides only how it would be run. */
function readAsRun(
  dialect: Dialect,
  sql: string,
  path: string,
  transaction: Directives['transaction'],
): Promise<Script> {
  return readScript(dialect, sql, path, transaction, () => false);
}

/** Checks the whole folder without a database; with --replay also runs it, up and down, on the dev database. */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  requireListed(folder);
  const { heads } = graphOf(folder);
  if (heads.length > 1) {
    throw new TidemarkError('several-heads', `there are several heads: ${heads.join(', ')}`, {
      hints: ['Two migrations follow the same one. Give one of them the other as its `-- tidemark:parent`.'],
    });
  }
  const dialect = await context.dialect();
  let statements = 0;
  const withoutDown: string[] = [];
  for (const migration of folder.migrations) {
    if (!(await downScript(migration))) withoutDown.push(migration.version);
    if (migration.language === 'program') {
      await upScript(migration).program?.();
      continue;
    }
    const { up, path, directives, down } = migration;
    statements += (await readAsRun(dialect, up, path, directives.transaction)).statements.length;
    if (down) await readAsRun(dialect, down.sql, down.path, down.transaction);
  }
  const result = {
    migrations: folder.migrations.length,
    statements,
    head: heads[0] ?? null,
    withoutDown,
    replayed: context.options.flag('replay'),
  };
  if (result.replayed) {
    const { openWorkbench } = await import('../planning.js');
    const { replay } = await import('../../planning/replay.js');
    const bench = await openWorkbench(context);
    context.output.progress('replaying the migrations …');
    await replay(bench, migrationsInOrder(folder));
    await bench.close();
    for (const note of bench.notes) context.output.warn(note);
  }
  return {
    result,
    text: [
      `${folder.migrations.length} migration${folder.migrations.length === 1 ? '' : 's'} with ${statements} statements: sums, order, directives and syntax are right`,
      ...(result.replayed ? ['replayed from nothing, and every reverse led back'] : []),
      ...(withoutDown.length > 0 ? [`no way down from: ${withoutDown.join(', ')}`] : []),
    ].join('\n'),
  };
}
