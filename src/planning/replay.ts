import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { Migration } from '../migrations/migration-file.js';
import { diffSchemas } from '../schema/diff.js';
import type { Schema } from '../schema/object.js';
import { downScript, upScript } from './migration-scripts.js';
import { describeChange } from './prove.js';
import { fitsTransaction, runScripts, splitScripts } from './run-scripts.js';
import type { Workbench } from './workbench.js';

/**
 * Runs all migrations on the dev database from nothing, then takes each one down again and compares the
 * schema with what it was before that migration. Throws what the engine refuses (`sql-failed`, with the
 * place) and `replay-different` for a reverse that does not lead back, with what differs.
 * Gives the number of migrations that have no reverse: those and everything before them stay.
 */
export async function replay(
  bench: Workbench,
  migrations: readonly Migration[],
): Promise<{ withoutDown: number }> {
  const { dialect } = bench;
  const ups = await splitScripts(migrations.map(upScript), dialect);
  const files = await Promise.all(migrations.map(downScript));
  const downs = await Promise.all(
    files.map(async (file) => file && (await splitScripts([file], dialect))[0]!),
  );
  const builder = {
    transactional: fitsTransaction([...ups, ...downs.filter((down) => down !== undefined)]),
    run: async () => undefined,
  };
  await bench.build(builder, async (connection) => {
    const states: Schema[] = [await read(bench, connection)];
    for (const script of ups) {
      await runScripts(connection, [script], dialect);
      states.push(await read(bench, connection));
    }
    for (let at = migrations.length - 1; at >= 0; at--) {
      const migration = migrations[at]!;
      const down = downs[at];
      if (!down) return;
      await runScripts(connection, [down], dialect);
      const left = diffSchemas(await read(bench, connection), states[at]!, bench.dialect);
      if (left.length > 0)
        throw different(
          migration,
          left.map((change) => describeChange(change, bench.dialect)),
        );
    }
  });
  return { withoutDown: downs.filter((down) => !down).length };
}

function read(bench: Workbench, connection: Connection): Promise<Schema> {
  return bench.dialect.readSchema(connection, bench.filter);
}

function different(migration: Migration, lines: readonly string[]): TidemarkError {
  return new TidemarkError(
    'replay-different',
    `${migration.down?.path ?? migration.path} does not lead back to what was there before ${migration.file}`,
    {
      excerpt: lines.join('\n'),
      hints: [
        'The lines say what is still to be done to get there. Mend the file, then run `tidemark migrate hash`.',
      ],
      details: { revision: migration.version, differences: lines },
    },
  );
}
